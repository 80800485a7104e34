//! The server behind nginx, which ends TLS, with the configuration of `examples/README.md`.

use std::process::{ChildStdin, ChildStdout};

use super::*;

/// A process that is stopped in the end, and the directory that it worked in.
struct Nginx {
    child: Child,
    directory: PathBuf,
    port: u16,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The first of these programs that can be run; if there is none, says what is left out.
fn installed(programs: &[&'static str], version: &str) -> Option<&'static str> {
    let found = programs.iter().copied().find(|program| {
        let output = Command::new(program).arg(version).stdin(Stdio::null()).output();
        output.is_ok_and(|output| output.status.success())
    });
    if found.is_none() {
        eprintln!("left out: the server behind nginx, as {} is not installed", programs[0]);
    }
    found
}

impl Nginx {
    /// Starts nginx with the documented configuration, but for ports and paths.
    fn start(program: &str, upstream: SocketAddr) -> Self {
        let directory = env::temp_dir().join(format!("rfc6455-nginx-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = |name: &str| directory.join(name).to_str().unwrap().to_string();
        let (key, certificate) = (path("key.pem"), path("certificate.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"])
            .args(["-subj", "/CN=echo.example", "-keyout", &key, "-out", &certificate])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", errors(&made));

        let readme = include_str!("../../examples/README.md");
        let (_, server) = readme.split_once("```nginx\n").unwrap();
        let (server, _) = server.split_once("```").unwrap();
        // It is free again when nginx wants it.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut configuration = server.to_string();
        for (documented, here) in [
            ("listen 443 ssl", format!("listen 127.0.0.1:{port} ssl")),
            ("/etc/ssl/echo.example.pem", certificate),
            ("/etc/ssl/echo.example.key", key),
            ("127.0.0.1:9001", upstream.to_string()),
        ] {
            assert!(configuration.contains(documented), "{documented}");
            configuration = configuration.replace(documented, &here);
        }
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};\n", path(kind)))
            .concat();
        let file = path("nginx.conf");
        let whole = format!(
            "daemon off; master_process off; pid {}; error_log stderr;\nevents {{}}\n\
             http {{\naccess_log off;\n{temporary}{configuration}}}\n",
            path("pid")
        );
        fs::write(&file, whole).unwrap();
        let child = Command::new(program)
            .args(["-p", directory.to_str().unwrap(), "-c", &file])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Self { child, directory, port };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < PATIENCE, "nginx does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        nginx
    }

    /// A connection over TLS, whose end is the end of both streams.
    fn connect(&self) -> Tls {
        let certificate = self.directory.join("certificate.pem");
        // A pipe has no timeout of its own.
        let mut child = Command::new("timeout")
            .args(["20", "openssl", "s_client", "-quiet", "-verify_return_error"])
            .args(["-verify_hostname", "echo.example", "-servername", "echo.example"])
            .args(["-connect", &format!("127.0.0.1:{}", self.port), "-CAfile"])
            .arg(certificate)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Tls { child, input, output }
    }
}

struct Tls {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Drop for Tls {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn serves_page_and_websocket_behind_nginx_that_ends_tls() {
    let Some(nginx) = installed(&["nginx", "/usr/sbin/nginx"], "-v") else { return };
    if installed(&["openssl"], "version").and(installed(&["timeout"], "--version")).is_none() {
        return;
    }
    let server = Running::server(&["--origin", "https://echo.example"]);
    let nginx = Nginx::start(nginx, server.address);

    let mut page = nginx.connect();
    write!(page.input, "GET / HTTP/1.1\r\nHost: echo.example\r\nConnection: close\r\n\r\n")
        .unwrap();
    let response = read_to_end(&mut page.output);
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    assert!(response.ends_with(include_str!("../../examples/server.html")), "{response}");

    let request = REQUEST.replace("Host: 127.0.0.1", "Host: echo.example");
    for (origin, status) in [
        ("https://echo.example", "101"),
        // The host was forwarded, so this is the server's own origin.
        ("http://echo.example", "101"),
        ("https://evil.example", "403"),
        ("http://127.0.0.1", "403"),
    ] {
        let mut tls = nginx.connect();
        write!(tls.input, "{request}Origin: {origin}\r\n\r\n").unwrap();
        let head = read_head(&mut tls.output);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{origin}: {head}");
        if status == "403" {
            continue;
        }
        let long = vec![0xA5; 1 << 20];
        for (first, payload, reply) in
            [(TEXT, &b"hello"[..], TEXT), (PING, b"?", PONG), (BINARY, &long, BINARY)]
        {
            tls.input.write_all(&frame(first, payload)).unwrap();
            assert_eq!(read_frame(&mut tls.output), (reply, payload.to_vec()));
        }
        tls.input.write_all(&frame(CLOSE, &1000_u16.to_be_bytes())).unwrap();
        assert_eq!(read_frame(&mut tls.output), (CLOSE, 1000_u16.to_be_bytes().to_vec()));
        assert_eq!(tls.output.read(&mut [0]).unwrap(), 0);
    }
}
