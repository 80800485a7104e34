//! Servers in other languages, built or installed if that is possible here.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const UWEBSOCKETS: &str = include_str!("uwebsockets.cpp");
const WS: &str = include_str!("ws.cjs");
/// The version of `ws`.
const WS_VERSION: &str = "8";

/// A server that is a program of its own.
pub struct External {
    pub name: &'static str,
    pub note: &'static str,
    pub command: Vec<String>,
}

impl External {
    /// Returns those that can be run, and why others cannot.
    pub fn all() -> Vec<Result<Self, String>> {
        vec![uwebsockets(), ws()]
    }
}

/// Compiles uWebSockets, which no package registry has.
fn uwebsockets() -> Result<External, String> {
    let source = env::var_os("UWEBSOCKETS_SRC").map(PathBuf::from).ok_or(
        "uWebSockets: set UWEBSOCKETS_SRC to a clone of its repository with its submodule uSockets",
    )?;
    let sockets = source.join("uSockets/src");
    let work = work("uwebsockets")?;
    fs::write(work.join("echo.cpp"), UWEBSOCKETS).map_err(|error| error.to_string())?;
    let flags = ["-O3", "-march=native", "-flto=auto", "-DLIBUS_NO_SSL"];
    let mut objects = Vec::new();
    for file in ["bsd.c", "context.c", "loop.c", "socket.c", "udp.c", "eventing/epoll_kqueue.c"] {
        let object = work.join(file.replace('/', "_")).with_extension("o");
        let mut cc = Command::new("cc");
        cc.args(flags).arg("-c").arg("-I").arg(&sockets).arg(sockets.join(file));
        run(cc.arg("-o").arg(&object), "uWebSockets")?;
        objects.push(object);
    }
    let program = work.join("echo");
    let mut cxx = Command::new("c++");
    cxx.args(flags).args(["-std=c++20", "-I"]).arg(source.join("src")).arg("-I").arg(&sockets);
    cxx.arg(work.join("echo.cpp")).args(&objects).args(["-lz", "-o"]).arg(&program);
    run(&mut cxx, "uWebSockets")?;
    Ok(External {
        name: "uWebSockets",
        note: "C++, -O3, -march=native and link-time optimisation, without TLS",
        command: vec![program.to_string_lossy().into_owned()],
    })
}

/// Installs `ws` from npm.
fn ws() -> Result<External, String> {
    let work = work("ws")?;
    let script = work.join("echo.cjs");
    fs::write(&script, WS).map_err(|error| error.to_string())?;
    if !work.join("node_modules/ws").exists() {
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(&work);
        run(npm.arg(format!("ws@{WS_VERSION}")), "Node ws")?;
    }
    let node = Command::new("node").arg("--version").output();
    node.map_err(|error| format!("Node ws: no node: {error}"))?;
    let command = vec!["node".to_string(), script.to_string_lossy().into_owned()];
    Ok(External { name: "Node ws", note: "JavaScript", command })
}

/// Returns a directory to build in, under cargo's.
fn work(name: &str) -> Result<PathBuf, String> {
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from);
    let work = target.join("servers").join(name);
    fs::create_dir_all(&work).map_err(|error| format!("{name}: {error}"))?;
    Ok(work)
}

fn run(command: &mut Command, name: &str) -> Result<(), String> {
    let output = command.output().map_err(|error| {
        format!("{name}: cannot run {}: {error}", command.get_program().to_string_lossy())
    })?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name}: it does not build here: {}", errors.lines().next().unwrap_or_default()))
}
