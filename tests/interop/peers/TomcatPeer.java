// Tomcat 10, embedded, and its client.
import jakarta.websocket.ClientEndpointConfig;
import jakarta.websocket.CloseReason;
import jakarta.websocket.ContainerProvider;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.Extension;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.Session;
import jakarta.websocket.WebSocketContainer;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.catalina.Context;
import org.apache.catalina.servlets.DefaultServlet;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.websocket.server.WsSci;

public class TomcatPeer extends Endpoint {
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();

    @Override
    public void onOpen(Session session, EndpointConfig config) {
        session.setMaxTextMessageBufferSize(1 << 24);
        session.setMaxBinaryMessageBufferSize(1 << 24);
        session.addMessageHandler(new MessageHandler.Whole<String>() {
            public void onMessage(String message) {
                text(session, message);
            }
        });
        session.addMessageHandler(new MessageHandler.Whole<ByteBuffer>() {
            public void onMessage(ByteBuffer message) {
                binary(session, message);
            }
        });
    }

    private static class Deflate implements Extension {
        public String getName() {
            return "permessage-deflate";
        }

        public List<Parameter> getParameters() {
            return List.of();
        }
    }

    private static void text(Session session, String message) {
        String[] words = message.split(" ", 3);
        try {
            if (words[0].equals("!close")) {
                int code = Integer.parseInt(words[1]);
                session.close(new CloseReason(CloseReason.CloseCodes.getCloseCode(code), words[2]));
            } else if (words[0].equals("!send")) {
                binary(session, ByteBuffer.allocate(Integer.parseInt(words[1])));
            } else {
                session.getBasicRemote().sendText(message);
            }
        } catch (IOException error) {
            // The end of the connection is reported by onClose.
        }
    }

    private static void binary(Session session, ByteBuffer message) {
        try {
            session.getBasicRemote().sendBinary(message);
        } catch (IOException error) {
            // The end of the connection is reported by onClose.
        }
    }

    @Override
    public void onClose(Session session, CloseReason reason) {
        System.out.println("closed " + reason.getCloseCode().getCode());
        closed.complete(0);
    }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("client")) {
            WebSocketContainer container = ContainerProvider.getWebSocketContainer();
            container.setDefaultMaxTextMessageBufferSize(1 << 24);
            container.setDefaultMaxBinaryMessageBufferSize(1 << 24);
            List<Extension> deflate = List.of(new Deflate());
            ClientEndpointConfig config =
                ClientEndpointConfig.Builder.create().extensions(deflate).build();
            for (int number = 0; number < Integer.parseInt(args[2]); number++) {
                TomcatPeer peer = new TomcatPeer();
                container.connectToServer(peer, config, URI.create(args[1] + number));
                peer.closed.join();
            }
            System.exit(0);
        }
        File base = new File(System.getProperty("java.io.tmpdir"));
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(base.getPath());
        tomcat.setHostname("127.0.0.1");
        tomcat.setPort(0);
        Context context = tomcat.addContext("", base.getPath());
        context.addServletContainerInitializer(new WsSci(), null);
        Tomcat.addServlet(context, "default", new DefaultServlet());
        context.addServletMappingDecoded("/", "default");
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        tomcat.start();
        ServerContainer container = (ServerContainer) context.getServletContext().getAttribute(
            "jakarta.websocket.server.ServerContainer");
        container.setDefaultMaxTextMessageBufferSize(1 << 24);
        container.setDefaultMaxBinaryMessageBufferSize(1 << 24);
        container.addEndpoint(ServerEndpointConfig.Builder.create(TomcatPeer.class, "/").build());
        System.out.println("listening " + tomcat.getConnector().getLocalPort());
        tomcat.getServer().await();
    }
}
