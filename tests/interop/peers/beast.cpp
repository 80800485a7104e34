// Boost.Beast.
#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <iostream>
#include <sstream>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using Socket = websocket::stream<asio::ip::tcp::socket>;

void prepare(Socket& socket) {
    websocket::permessage_deflate deflate;
    deflate.client_enable = deflate.server_enable = true;
    socket.set_option(deflate);
}

void echo(Socket& socket) {
    try {
        for (;;) {
            beast::flat_buffer buffer;
            socket.read(buffer);
            std::istringstream words;
            if (socket.got_text()) words.str(beast::buffers_to_string(buffer.data()).substr(0, 100));
            std::string command, reason;
            unsigned number = 0;
            words >> command >> number >> reason;
            if (command == "!close") {
                socket.close({static_cast<websocket::close_code>(number), reason});
                std::cout << "closed " << number << std::endl;
                return;
            }
            socket.binary(command == "!send" || socket.got_binary());
            if (command == "!send") socket.write(asio::buffer(std::string(number, '\0')));
            else socket.write(buffer.data());
        }
    } catch (const beast::system_error& error) {
        bool closed = error.code() == websocket::error::closed;
        std::cout << "closed " << (closed ? socket.reason().code : 1006) << std::endl;
    }
}

int main(int, char** args) {
    asio::io_context context;
    if (std::string(args[1]) == "client") {
        std::string address = std::string(args[2]).substr(5);
        address = address.substr(0, address.find('/'));
        auto colon = address.find(':');
        asio::ip::tcp::endpoint endpoint{asio::ip::make_address(address.substr(0, colon)),
                                         static_cast<unsigned short>(std::stoi(address.substr(colon + 1)))};
        for (int number = 0; number < std::stoi(args[3]); ++number) {
            Socket socket{context};
            prepare(socket);
            socket.next_layer().connect(endpoint);
            socket.handshake(address, "/" + std::to_string(number));
            echo(socket);
        }
        return 0;
    }
    asio::ip::tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
    std::cout << "listening " << acceptor.local_endpoint().port() << std::endl;
    for (;;) {
        Socket socket{acceptor.accept()};
        prepare(socket);
        beast::error_code error;
        socket.accept(error);
        if (!error) echo(socket);
    }
}
