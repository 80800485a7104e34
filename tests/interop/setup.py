"""Sets the other implementations up, once, below target/interop."""

import hashlib
import importlib.metadata
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").absolute()
WORK = TARGET / "interop"
VENV, NODE = WORK / "venv", WORK / "node"
GO = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(WORK / "go-cache")}


class Missing(Exception):
    """Something that cannot be had here."""


def run(*command, **options):
    """Run a command that has to succeed; an error has the end of what it printed."""
    try:
        done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, **options)
    except OSError as error:
        raise Missing(str(error)) from error
    if done.returncode:
        raise Missing(f"{command[0]} failed: {done.stdout[-800:].strip()}")
    return done.stdout


def controller():
    """Build our end of the connections, and return its path."""
    build = {**os.environ, "CARGO_TARGET_DIR": str(WORK / "build")}
    run("cargo", "build", "--quiet", "--release", cwd=HERE, env=build)
    return WORK / "build/release/rfc6455-interop"


def server():
    """Build the example server, and return its path."""
    run("cargo", "build", "--quiet", "--release", "--features", "deflate", "--example", "server",
        cwd=ROOT, env={**os.environ, "CARGO_TARGET_DIR": str(TARGET)})
    return TARGET / "release/examples/server"


def client():
    """Build the example client, and return its path."""
    directory = ROOT / "examples/client"
    run("cargo", "build", "--quiet", cwd=directory)
    target = os.environ.get("CARGO_TARGET_DIR") or directory / "target"
    return Path(target) / "debug/wsc"


def packages(peers, may_install):
    """Install what the peers need, together by manager; what fails is noticed for each peer."""
    WORK.mkdir(parents=True, exist_ok=True)
    wanted = sorted({package for peer in peers for package in peer.pip})
    if wanted:
        try:
            once(VENV, wanted, pip)
        except Missing as problem:
            print(f"pip: {problem}", file=sys.stderr)
    wanted = sorted({package for peer in peers for package in peer.npm})
    if wanted:
        try:
            once(NODE, wanted, npm)
        except Missing as problem:
            print(f"npm: {problem}", file=sys.stderr)
    if may_install:
        install({package for peer in peers for package in peer.apt})


def install(names):
    """Install Debian packages, without starting what they would start."""
    wanted = sorted(package for package in names if not debian(package))
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    try:
        if wanted:
            run("apt-get", "-qq", "update")
            run("apt-get", "-qq", "install", "-y", "--no-install-recommends", *wanted, env=env)
    except Missing as problem:
        print(f"apt-get: {problem}", file=sys.stderr)


def once(directory, wanted, install):
    """Call `install` unless it has already succeeded with the same packages."""
    mark = directory / "ready"
    if mark.exists() and mark.read_text() == "\n".join(wanted):
        return
    install(directory, wanted)
    mark.write_text("\n".join(wanted))


def pip(directory, wanted):
    if not (directory / "bin/python").exists():
        run(sys.executable, "-m", "venv", directory)
    run(directory / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        *wanted)


def npm(directory, wanted):
    directory.mkdir(exist_ok=True)
    run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", directory, *wanted)


def debian(package):
    """The version of an installed Debian package, or nothing."""
    try:
        done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package],
                              capture_output=True, text=True, check=False)
    except OSError:
        return ""
    status, _, version = done.stdout.partition(" ")
    return version if status == "installed" else ""


def version(peer):
    """The version of a peer; raises if something is missing."""
    if peer.pip:
        name = peer.pip[0].partition("==")[0]
        for site in VENV.glob("lib/python*/site-packages"):
            for found in importlib.metadata.distributions(name=name, path=[str(site)]):
                return found.version
        raise Missing(f"the Python package {name}")
    if peer.npm:
        package = NODE / "node_modules" / peer.npm[0].rpartition("@")[0] / "package.json"
        if not package.exists():
            raise Missing(f"the npm package {peer.npm[0]}")
        return json.loads(package.read_text())["version"]
    if peer.file.endswith(".rs"):
        run("cargo", "build", "--quiet", "--release", "--bins", cwd=HERE / "peers/rust",
            env={**os.environ, "CARGO_TARGET_DIR": str(WORK / "rust")})
        lock = tomllib.loads((HERE / "peers/rust/Cargo.lock").read_text())
        return next(it["version"] for it in lock["package"] if it["name"] == peer.name)
    return debian_version(peer.apt)


def debian_version(names):
    """The upstream version of the first of some Debian packages; raises if one is missing."""
    versions = [debian(package) for package in names]
    for package, found in zip(names, versions):
        if not found:
            raise Missing(f"the Debian package {package}")
    return versions[0].rpartition(":")[2].partition("-")[0].partition("+")[0]


def command(peer):
    """Build a peer if needed; return how to start it, and its variables."""
    file = HERE / "peers" / peer.file
    env = {**os.environ, **peer.env}
    if peer.file.endswith(".py"):
        return [str(VENV / "bin/python") if peer.pip else "/usr/bin/python3", str(file)], env
    if peer.file.endswith(".js"):
        env["NODE_PATH"] = str(NODE / "node_modules")
        tools = NODE / "node_modules/.bin"
        start = {"Bun": [str(tools / "bun")],
                 "Deno": [str(tools / "deno"), "run", "--quiet", "--no-config", "-A"]}
        return [*start.get(peer.name, ["node"]), str(file)], env
    # Debian has not all of lua-http for newer versions of Lua.
    interpreters = {".lua": "lua5.2", ".pl": "perl", ".rb": "ruby"}
    if file.suffix in interpreters:
        return [interpreters[file.suffix], str(file)], env
    if peer.file.endswith(".rs"):
        return [str(WORK / "rust/release" / file.stem)], env
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    built = WORK / f"built/{file.stem}-{digest}"
    built.parent.mkdir(exist_ok=True)
    if peer.file.endswith(".java"):
        jars = ":".join(map(str, sorted(Path("/usr/share/java").glob("tomcat10-*.jar"))))
        if not built.exists():
            run("javac", "-cp", jars, "-d", built, file)
        return ["java", "-Xmx512m", "-cp", f"{built}:{jars}", file.stem], env
    if not built.exists():
        if peer.file.endswith(".go"):
            run("go", "build", "-o", built, file, env={**env, **GO})
        elif peer.file.endswith(".cpp"):
            run("g++", "-std=c++17", "-O1", "-w", file, "-o", built, *peer.build)
        else:
            run("gcc", "-O1", file, "-o", built, *peer.build)
    return [str(built)], env


def free_port():
    """A port that is free until someone else takes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def listens(port):
    """Wait until someone listens there."""
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise Missing(f"nobody listens on port {port}") from error
            time.sleep(0.05)


def tool(name):
    """The path of a program, which may be one for administrators."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
