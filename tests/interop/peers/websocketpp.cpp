// websocketpp, over Asio.
#include <iostream>
#include <memory>
#include <sstream>
#include <websocketpp/client.hpp>
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/config/asio_no_tls_client.hpp>
#include <websocketpp/extensions/permessage_deflate/enabled.hpp>
#include <websocketpp/server.hpp>

struct Deflate {};

template <typename Base>
struct Compressing : Base {
    using permessage_deflate_type = websocketpp::extensions::permessage_deflate::enabled<Deflate>;
};

template <typename Endpoint>
void prepare(Endpoint& endpoint) {
    endpoint.clear_access_channels(websocketpp::log::alevel::all);
    endpoint.clear_error_channels(websocketpp::log::elevel::all);
    endpoint.init_asio();
    endpoint.set_max_message_size(1 << 24);
    endpoint.set_message_handler([&endpoint](websocketpp::connection_hdl handle, auto message) {
        std::istringstream words;
        if (message->get_opcode() == websocketpp::frame::opcode::text) {
            words.str(message->get_payload().substr(0, 100));
        }
        std::string command, reason;
        unsigned number = 0;
        words >> command >> number >> reason;
        websocketpp::lib::error_code error;
        if (command == "!close") endpoint.close(handle, number, reason, error);
        else if (command == "!send")
            endpoint.send(handle, std::string(number, '\0'), websocketpp::frame::opcode::binary, error);
        else endpoint.send(handle, message->get_payload(), message->get_opcode(), error);
    });
    auto closed = [&endpoint](websocketpp::connection_hdl handle) {
        std::cout << "closed " << endpoint.get_con_from_hdl(handle)->get_remote_close_code() << std::endl;
    };
    endpoint.set_close_handler(closed);
    endpoint.set_fail_handler([](websocketpp::connection_hdl) { std::cout << "closed 0" << std::endl; });
}

int main(int, char** args) {
    if (std::string(args[1]) == "client") {
        for (int number = 0; number < std::stoi(args[3]); ++number) {
            websocketpp::client<Compressing<websocketpp::config::asio_client>> client;
            prepare(client);
            websocketpp::lib::error_code error;
            client.connect(client.get_connection(args[2] + std::to_string(number), error));
            client.run();
        }
        return 0;
    }
    websocketpp::server<Compressing<websocketpp::config::asio>> server;
    prepare(server);
    server.listen(websocketpp::lib::asio::ip::tcp::endpoint(
        websocketpp::lib::asio::ip::address_v4::loopback(), 0));
    server.start_accept();
    websocketpp::lib::asio::error_code error;
    std::cout << "listening " << server.get_local_endpoint(error).port() << std::endl;
    server.run();
}
