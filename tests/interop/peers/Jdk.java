// The JDK's java.net.http.WebSocket.
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

public class Jdk implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();
    private final ByteArrayOutputStream binary = new ByteArrayOutputStream();
    private final CompletableFuture<String> closed = new CompletableFuture<>();

    public static void main(String[] args) throws Exception {
        for (int number = 0; number < Integer.parseInt(args[2]); number++) {
            Jdk listener = new Jdk();
            HttpClient client = HttpClient.newHttpClient();
            client.newWebSocketBuilder().buildAsync(URI.create(args[1] + number), listener).join();
            // It does not always report that a connection was cut off; then there is no code.
            listener.closed.completeOnTimeout("", 30, TimeUnit.SECONDS);
            System.out.println("closed " + listener.closed.join());
        }
        System.exit(0);
    }

    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
        text.append(data);
        CompletionStage<?> sent = null;
        if (last) {
            String message = text.toString();
            text.setLength(0);
            String[] words = message.split(" ", 3);
            if (words[0].equals("!close")) {
                sent = socket.sendClose(Integer.parseInt(words[1]), words[2]);
            } else if (words[0].equals("!send")) {
                sent = socket.sendBinary(ByteBuffer.allocate(Integer.parseInt(words[1])), true);
            } else {
                sent = socket.sendText(message, true);
            }
        }
        return then(socket, sent);
    }

    public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
        byte[] bytes = new byte[data.remaining()];
        data.get(bytes);
        binary.writeBytes(bytes);
        CompletionStage<?> sent = null;
        if (last) {
            sent = socket.sendBinary(ByteBuffer.wrap(binary.toByteArray()), true);
            binary.reset();
        }
        return then(socket, sent);
    }

    private static CompletionStage<?> then(WebSocket socket, CompletionStage<?> sent) {
        if (sent == null) {
            socket.request(1);
            return null;
        }
        return sent.whenComplete((ok, error) -> socket.request(1));
    }

    public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
        closed.complete(String.valueOf(code));
        return null;
    }

    public void onError(WebSocket socket, Throwable error) {
        closed.complete("1006");
    }
}
