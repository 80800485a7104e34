"""Drive browsers, by WebDriver or WebDriver BiDi."""

import contextlib
import functools
import http.server
import json
import os
import re
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import matrix
import setup
from process import Failure, running
from table import Peer

PAGES = Path(__file__).resolve().parent / "peers"
# A display that no one sees, for browsers without a headless mode.
XVFB = ["xvfb-run", "-a", "--server-args=-screen 0 800x600x24 -nolisten tcp"]


class WebDriver:
    """A session of a driver that speaks WebDriver over HTTP."""

    def __init__(self, port, capabilities):
        self._base = f"http://127.0.0.1:{port}"
        always = {"capabilities": {"alwaysMatch": capabilities}}
        self._session = self._post("/session", always)["sessionId"]

    def _post(self, path, body, method="POST"):
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(self._base + path, data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=90) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise Failure(f"WebDriver: {error.read()[:500]}") from error
        except OSError as error:
            raise Failure(f"WebDriver: {error}") from error

    def open(self, url):
        self._post(f"/session/{self._session}/url", {"url": url})

    def call(self, expression):
        """The value of a promise in the page."""
        self._post(f"/session/{self._session}/timeouts", {"script": 60000})
        script = f"const done = arguments[0]; ({expression}).then(done, (e) => done(String(e)));"
        return self._post(f"/session/{self._session}/execute/async",
                          {"script": script, "args": []})

    def close(self):
        with contextlib.suppress(Failure):
            self._post(f"/session/{self._session}", None, "DELETE")


class BiDi:
    """A session of a browser that speaks WebDriver BiDi, through our own client."""

    def __init__(self, url, client):
        self._client = subprocess.Popen([client, "--raw", url], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._number = 0
        self._send("session.new", capabilities={})
        tree = self._send("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    def _send(self, method, **params):
        self._number += 1
        command = {"id": self._number, "method": method, "params": params}
        self._client.stdin.write(json.dumps(command) + "\n")
        self._client.stdin.flush()
        for line in self._client.stdout:
            answer = json.loads(line)
            if answer.get("id") == self._number:
                if answer["type"] != "success":
                    raise Failure(f"BiDi: {line[:500]}")
                return answer["result"]
        raise Failure("BiDi: the browser has closed the connection")

    def open(self, url):
        self._send("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def call(self, expression):
        expression = f"({expression}).then(JSON.stringify)"
        result = self._send("script.evaluate", expression=expression, awaitPromise=True,
                            target={"context": self._context})
        if result["type"] != "success":
            raise Failure(f"BiDi: {json.dumps(result)[:500]}")
        return json.loads(result["result"]["value"])

    def close(self):
        self._client.stdin.close()
        self._client.terminate()
        self._client.wait(10)


@contextlib.contextmanager
def chromium(_client):
    driver = ["chromedriver", "--port=0"]
    options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu",
                        "--disable-dev-shm-usage", "--enable-experimental-web-platform-features"]}
    with running(driver, pattern=r"successfully on port (\d+)") as (port, _):
        capabilities = {"goog:chromeOptions": options, "acceptInsecureCerts": True}
        session = WebDriver(port, capabilities)
        try:
            yield session
        finally:
            session.close()


@contextlib.contextmanager
def firefox(client):
    with tempfile.TemporaryDirectory() as profile:
        command = ["firefox-esr", "--headless", "--no-remote", "--profile", profile,
                   "--remote-debugging-port", "0"]
        env = {**os.environ, "HOME": profile, "MOZ_HEADLESS": "1"}
        pattern = r"WebDriver BiDi listening on (ws://127\.0\.0\.1:\d+)"
        with running(command, pattern=pattern, env=env, merge=True) as (url, _):
            session = BiDi(f"{url}/session", client)
            try:
                yield session
            finally:
                session.close()


@contextlib.contextmanager
def webkit(driver, capabilities, display=()):
    port = setup.free_port()
    env = {**os.environ, "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
           "XDG_RUNTIME_DIR": os.environ.get("XDG_RUNTIME_DIR", tempfile.gettempdir())}
    command = [*display, driver, "--host=127.0.0.1", f"--port={port}"]
    with running(command, wait=False, env=env):
        setup.listens(port)
        session = WebDriver(port, capabilities)
        try:
            yield session
        finally:
            session.close()


def webkitgtk(_client):
    return webkit("WebKitWebDriver", {"webkitgtk:browserOptions": {
        "binary": "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
        "args": ["--automation"]}}, XVFB)


def wpe(_client):
    return webkit("WPEWebDriver", {"wpe:browserOptions": {
        "binary": "/usr/bin/cog", "args": ["--automation", "-P", "headless"]}})


# How each one is started, and the Debian packages that it needs.
BROWSERS = {
    "Chromium": (chromium, ("chromium", "chromium-driver")),
    "Firefox ESR": (firefox, ("firefox-esr",)),
    "WebKitGTK": (webkitgtk, ("webkit2gtk-driver", "xvfb", "xauth")),
    "WPE": (wpe, ("libwpewebkit-1.1-0", "wpewebkit-driver", "cog")),
}


@contextlib.contextmanager
def pages(report):
    """Serve the pages, with a cookie, and pass on what a page reports."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def end_headers(self):
            self.send_header("Set-Cookie", "session=1")
            super().end_headers()

        def do_POST(self):
            report(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    handler = functools.partial(Handler, directory=str(PAGES))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def scenarios(session, port, count, rest):
    """Put a browser through the scenarios of our server; return what both ends said."""
    seen = []
    with pages(seen.append) as base:
        session.open(f"{base}/browser.html?{port}&{count}")
        said = rest()
        deadline = time.monotonic() + 10
        while len(seen) < count and time.monotonic() < deadline:
            time.sleep(0.05)
    return said, seen


def interface(session, ours):
    """Run the scripted test of the interface; return its problems, its parts and the version."""
    with running([ours, "--inspect"]) as (port, _), pages(print) as base:
        session.open(f"{base}/browser_test.html?{port}&{setup.free_port()}")
        result = session.call("test()")
    if isinstance(result, str):
        raise Failure(result)
    return result


def own_page(session, server):
    """Use the page of the example server as a person would; return what it shows of an echo."""
    with running([server, "--listen", "127.0.0.1:0"],
                 pattern=r"(http://127\.0\.0\.1:\d+)/") as (url, process):
        use_page(session, f"{url}/", process)


def use_page(session, url, process):
    """Use the page at a URL, and stop its server."""
    session.open(url)
    shown = """(async () => {
        const log = document.getElementById("log");
        const shows = async (what) => {
          for (let tries = 0; tries < 200; tries += 1) {
            if (what.test(log.textContent)) return log.textContent;
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
          throw new Error(`${what} is not in ${log.textContent}`);
        };
        await shows(/permessage-deflate|without compression/);
        document.getElementById("text").requestSubmit();
        return shows(/Hello, wörld.* ms/s);
    })()"""
    text = session.call(shown)
    if "Hello" not in text:
        raise Failure(text)
    # The server says goodbye when it is stopped.
    process.terminate()
    gone = session.call("""(async () => {
        const state = document.getElementById("log");
        for (let tries = 0; tries < 100 && !/1001/.test(state.textContent); tries += 1) {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        return state.textContent;
    })()""")
    if not re.search("1001", gone):
        raise Failure(f"no 1001 when the server stops: {gone[:300]}")


def run_all(ours, args, rows, checks, left_out):
    """Run all that there is for browsers, with each one."""
    if args.install:
        setup.install({package for _, packages in BROWSERS.values() for package in packages})
    try:
        server, client = setup.server(), setup.client()
    except setup.Missing as problem:
        left_out["browsers"] = str(problem)
        return
    for name, (start, packages) in BROWSERS.items():
        if args.browser not in (None, name):
            continue
        try:
            version = setup.debian_version(packages)
        except setup.Missing as problem:
            left_out[name] = str(problem)
            continue
        peer = Peer(name, "browser", ("client",), "browser.html")
        began = time.monotonic()
        said, seen, problem = [], [], ""
        options = ["--count", str(args.count)]
        names = subprocess.run([ours, *options, "--list"], capture_output=True, text=True,
                               check=True).stdout.split()
        try:
            with start(client) as session, running([ours, *options]) as (port, mine):
                said, seen = scenarios(session, port, len(names), lambda: mine.rest(args.timeout))
        except (Failure, setup.Missing, OSError) as failure:
            problem = str(failure)
        row = matrix.Row(peer, "client", version, names, said, seen, problem)
        row.seconds = time.monotonic() - began
        rows.append(row)
        print(row.summary(), flush=True)
        for what, test in (("its WebSocket interface", lambda session: interface(session, ours)),
                           ("the page of the server", lambda session: own_page(session, server))):
            with checks_of(checks, f"{name}: {what}") as check, start(client) as session:
                check.problems = (test(session) or {}).get("problems", [])


@contextlib.contextmanager
def checks_of(checks, name):
    """Make a check, which fails with what is raised."""
    check = matrix.Check(name)
    try:
        yield check
    except (Failure, setup.Missing, OSError) as failure:
        check.problems = [str(failure)]
    checks.append(check)
    print(check.summary(), flush=True)
