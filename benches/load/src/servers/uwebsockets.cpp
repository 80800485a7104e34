// The echo server of uWebSockets, compiled with the source that UWEBSOCKETS_SRC names.

#include "App.h"
#include <cstdio>

struct PerSocketData {};

int main() {
    uWS::App().ws<PerSocketData>("/*", {
        // The client asks for no context takeover, so the shared compressor serves it.
        .compression = uWS::SHARED_COMPRESSOR,
        .maxPayloadLength = 16 * 1024 * 1024,
        .idleTimeout = 120,
        .maxBackpressure = 64 * 1024 * 1024,
        .message = [](auto *ws, std::string_view message, uWS::OpCode opCode) {
            // Short ones are not compressed, as by the other servers.
            ws->send(message, opCode, message.length() >= 32);
        },
    }).listen("127.0.0.1", 0, [](auto *socket) {
        if (socket) {
            std::printf("listening: 127.0.0.1:%d\n", us_socket_local_port(0, (us_socket_t *) socket));
            std::fflush(stdout);
        }
    }).run();
}
