// libwebsockets, as a client.
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct state {
    unsigned char *message;
    size_t len, room;
    int binary, pending, closing;
};

static int done, code;

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len) {
    struct state *state = user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_RECEIVE:
        if (lws_is_first_fragment(wsi)) state->len = 0;
        if (state->len + len > state->room || !state->message) {
            state->room = 2 * (state->len + len) + 1024;
            state->message = realloc(state->message, LWS_PRE + state->room);
        }
        memcpy(state->message + LWS_PRE + state->len, in, len);
        state->len += len;
        state->binary = lws_frame_is_binary(wsi);
        if (lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi)) {
            state->pending = 1;
            // One message at a time: the next one waits for the echo.
            lws_rx_flow_control(wsi, 0);
            lws_callback_on_writable(wsi);
        }
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE: {
        if (!state->pending) break;
        state->pending = 0;
        unsigned char *payload = state->message + LWS_PRE;
        int number = 0;
        char word[16] = "";
        if (!state->binary && state->len < 100) {
            payload[state->len] = 0;
            if (sscanf((char *)payload, "!close %d %15s", &number, word) == 2) {
                lws_close_reason(wsi, number, (unsigned char *)word, strlen(word));
                code = number;
                return -1;
            }
            if (sscanf((char *)payload, "!send %d", &number) == 1) {
                state->message = calloc(1, LWS_PRE + number);
                payload = state->message + LWS_PRE;
                state->len = state->room = number;
                state->binary = 1;
            }
        }
        lws_write(wsi, payload, state->len, state->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
        lws_rx_flow_control(wsi, 1);
        break;
    }
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        code = len >= 2 ? ((unsigned char *)in)[0] << 8 | ((unsigned char *)in)[1] : 1005;
        break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLIENT_CLOSED:
        done = 1;
        break;
    default:
        break;
    }
    return 0;
}

static const struct lws_protocols protocols[] = {
    {"echo", callback, sizeof(struct state), 65536, 0, NULL, 0}, {NULL, NULL, 0, 0, 0, NULL, 0}};
static const struct lws_extension extensions[] = {
    {"permessage-deflate", lws_extension_callback_pm_deflate,
     "permessage-deflate; client_no_context_takeover; client_max_window_bits"},
    {NULL, NULL, NULL}};

int main(int argc, char **argv) {
    char host[64] = "", path[16];
    int port = 0;
    (void)argc;
    sscanf(argv[2], "ws://%63[^:]:%d/", host, &port);
    lws_set_log_level(0, NULL);
    struct lws_context_creation_info info = {0};
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols;
    info.extensions = extensions;
    struct lws_context *context = lws_create_context(&info);
    for (int number = 0; number < atoi(argv[3]); number++) {
        snprintf(path, sizeof path, "/%d", number);
        struct lws_client_connect_info connect = {0};
        connect.context = context;
        connect.address = connect.host = connect.origin = host;
        connect.port = port;
        connect.path = path;
        connect.local_protocol_name = "echo";
        done = 0;
        code = 1006;
        lws_client_connect_via_info(&connect);
        while (!done) lws_service(context, 0);
        printf("closed %d\n", code);
        fflush(stdout);
    }
    return 0;
}
