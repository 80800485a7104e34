"""The other implementations: how each is set up and started, and its known defects.

A defect that is named here has to show, and so does the need of a setting: a version without it
is noticed."""

from dataclasses import dataclass, field

BOTH = ("client", "server")
CLIENT = ("client",)
SERVER = ("server",)


@dataclass
class Need:
    """A setting that a peer needs in a role. The run also plays a scenario without it."""

    role: str
    # An option of our side, or a variable of the peer.
    ours: str = ""
    env: dict = field(default_factory=dict)
    # How README.md names the setting.
    setting: str = ""
    # What happens without it, in this scenario, and a pattern of what both ends say then.
    reason: str = ""
    scenario: str = "deflate-9-takeover"
    shows: str = ""


@dataclass
class Peer:
    name: str
    language: str
    roles: tuple
    # The file in peers/, which says how it is started.
    file: str
    # What has to be installed: Python, npm or Debian packages. The first one has the version.
    pip: tuple = ()
    npm: tuple = ()
    apt: tuple = ()
    # Options of the compiler, and variables.
    build: tuple = ()
    env: dict = field(default_factory=dict)
    needs: tuple = ()
    # A pattern of "role scenario": what the peer does instead.
    known: dict = field(default_factory=dict)


ONE_OFFER = "`deflate::Config::fallback(false)`"
NOT_EMPTY = "`Options::with_compression_threshold(1)`, in its program"
SPINS = "It never ends compressing an empty message, with takeover."
NO_ANSWER = "^failed no answer in time"
KEEPS_CONTEXT = "Its client keeps its context although client_no_context_takeover was agreed to."


def pip(name, roles, file, *packages, **rest):
    return Peer(name, "Python", roles, file, pip=packages, **rest)


def npm(name, roles, file, *packages, **rest):
    return Peer(name, "JavaScript", roles, file, npm=packages, **rest)


PEERS = [
    pip("websockets", BOTH, "websockets_.py", "websockets==17.4"),
    pip("aiohttp", BOTH, "aiohttp_.py", "aiohttp==3.14.5"),
    pip("autobahn", BOTH, "autobahn_.py", "autobahn==26.10.2"),
    pip("wsproto", BOTH, "wsproto_.py", "wsproto==1.3.2"),
    pip("Tornado", BOTH, "tornado_.py", "tornado==6.6.1",
        known={r"client deflate-.*-alone": KEEPS_CONTEXT}),
    pip("websocket-client", CLIENT, "websocket_client_.py", "websocket-client==1.9.2"),
    pip("uvicorn (websockets)", SERVER, "uvicorn_.py", "uvicorn==0.54.0", "websockets==17.4",
        env={"UVICORN_WS": "websockets"}),
    pip("uvicorn (websockets-sansio)", SERVER, "uvicorn_.py", "uvicorn==0.54.0",
        "websockets==17.4", env={"UVICORN_WS": "websockets-sansio"},
        known={r"server abrupt": "It reports 1005 for a connection that was cut off."}),
    pip("uvicorn (wsproto)", SERVER, "uvicorn_.py", "uvicorn==0.54.0", "wsproto==1.3.2",
        env={"UVICORN_WS": "wsproto"},
        known={r"server abrupt": "It reports 1005 for a connection that was cut off."}),
    npm("ws", BOTH, "ws.js", "ws@8.23.0"),
    npm("undici", CLIENT, "undici.js", "undici@7.16.0"),
    npm("websocket", BOTH, "websocket_node.js", "websocket@1.0.35"),
    npm("faye-websocket", BOTH, "faye.js", "faye-websocket@0.11.4", "permessage-deflate@0.1.7"),
    npm("Bun", BOTH, "bun.js", "bun@1.4.5"),
    npm("Deno", BOTH, "deno.js", "deno@2.9.6",
        known={r".* abrupt": "It reports 0 for a connection that was cut off."}),
    Peer("Gorilla", "Go", BOTH, "gorilla.go",
         apt=("golang-github-gorilla-websocket-dev", "golang-go")),
    Peer("nhooyr", "Go", BOTH, "nhooyr.go", apt=("golang-nhooyr-websocket-dev", "golang-go"),
         needs=(Need("client", ours="--only-offered", setting="`deflate::Config::only_offered`",
                     reason="Its client fails if the server's window was not offered.",
                     shows=r"unsupported permessage-deflate parameter: .server_max_window_bits=9"),),
         known={r"server deflate-(9|1[0-4])-.*":
                "Its server answers an offer of server_max_window_bits with 400."}),
    Peer("x/net/websocket", "Go", BOTH, "xnet.go", apt=("golang-golang-x-net-dev", "golang-go"),
         known={r".* fragments": "It yields each fragment as a message.",
                r".* close-theirs": "It cannot send a reason."}),
    Peer("Boost.Beast", "C++", BOTH, "beast.cpp", apt=("libboost-dev", "g++"),
         build=("-lpthread",)),
    Peer("websocketpp", "C++", BOTH, "websocketpp.cpp",
         apt=("libwebsocketpp-dev", "libboost-dev", "zlib1g-dev", "g++"),
         build=("-lpthread", "-lz")),
    Peer("Qt WebSockets", "C++", BOTH, "qt.py", apt=("python3-pyqt5.qtwebsockets",),
         known={r".* abrupt": "It reports 1000 for a connection that was cut off."}),
    Peer("libwebsockets", "C", CLIENT, "libwebsockets.c", apt=("libwebsockets-dev", "gcc"),
         build=("-lwebsockets",),
         needs=(Need("client", ours="--always", setting="`deflate::Config::always`",
                     reason="A message that is not compressed never ends, once compression was "
                            "negotiated.",
                     shows=NO_ANSWER),)),
    Peer("libsoup", "C", BOTH, "soup.py", apt=("gir1.2-soup-3.0", "python3-gi"),
         needs=(Need("server", ours="--no-fallback", setting=ONE_OFFER,
                     reason="Its server accepts each of two offers, and not one.",
                     shows="^failed the server uses an extension twice"),)),
    Peer("Tomcat", "Java", BOTH, "TomcatPeer.java",
         apt=("libtomcat10-java", "openjdk-17-jdk-headless")),
    Peer("JDK", "Java", CLIENT, "Jdk.java", apt=("openjdk-17-jdk-headless",)),
    Peer("tungstenite", "Rust", BOTH, "rust/src/bin/tungstenite.rs"),
    Peer("tokio-websockets", "Rust", BOTH, "rust/src/bin/tokio_websockets.rs"),
    Peer("fastwebsockets", "Rust", BOTH, "rust/src/bin/fastwebsockets.rs"),
    Peer("yawc", "Rust", BOTH, "rust/src/bin/yawc.rs",
         needs=(Need("client", env={"COMPRESSED_FROM": "1"}, setting=NOT_EMPTY,
                     reason=SPINS, shows=NO_ANSWER),
                Need("server", env={"COMPRESSED_FROM": "1"}, setting=NOT_EMPTY,
                     reason=SPINS, shows=NO_ANSWER),
                Need("server", ours="--no-fallback", setting=ONE_OFFER,
                     reason="Its server declines compression if there are two offers.",
                     shows="^none"))),
    Peer("soketto", "Rust", BOTH, "rust/src/bin/soketto.rs",
         known={r".* close-theirs": "It cannot choose the code of its Close.",
                r"server deflate-.*-takeover":
                "It has no takeover, and its server does not say so."}),
    Peer("Mojolicious", "Perl", BOTH, "mojolicious.pl", apt=("libmojolicious-perl",),
         known={r"client deflate-.*-alone": KEEPS_CONTEXT}),
    Peer("faye-websocket for Ruby", "Ruby", CLIENT, "faye.rb", apt=("ruby-faye-websocket",)),
    Peer("lua-http", "Lua", BOTH, "lua_http.lua", apt=("lua-http", "lua5.2")),
]
