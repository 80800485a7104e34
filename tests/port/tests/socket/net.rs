//! Streams of every kind, and two ends over each.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use rfc6455::{Client, Server, deflate};
use rfc6455_port::{Config, Keys, Socket, Transport, accept, connect};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use rustls::{StreamOwned, pki_types::ServerName};

pub type Stream = Box<dyn Transport + Send>;
pub type ClientSocket = Socket<Stream, Client<Keys>>;
pub type ServerSocket = Socket<Stream, Server>;

/// What a connection runs over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kind {
    pub tls: bool,
    pub wrapped: Wrapped,
    pub compressed: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wrapped {
    #[default]
    No,
    Bytewise,
    Interrupted,
}

impl Kind {
    /// Returns settings that compress if this kind does.
    pub fn config(self) -> Config<'static> {
        let deflate = self.compressed.then_some(deflate::Config::DEFAULT);
        Config { deflate, ..Config::default() }
    }

    /// Connects a client with a server.
    pub fn ends(self) -> (ClientSocket, ServerSocket) {
        self.ends_with(&self.config(), &self.config())
    }

    /// Connects a client with a server of these settings.
    pub fn ends_with(
        self,
        of_client: &Config<'_>,
        of_server: &Config<'_>,
    ) -> (ClientSocket, ServerSocket) {
        let (client, server) = self.streams();
        thread::scope(|scope| {
            let server = scope.spawn(|| accept(server, of_server).unwrap());
            let client = connect(client, "localhost", "/", of_client).unwrap();
            (client, server.join().unwrap())
        })
    }

    /// Returns the client's and the server's stream.
    pub fn streams(self) -> (Stream, Stream) {
        let (client, server) = tcp();
        if !self.tls {
            return (self.wrap(client), self.wrap(server));
        }
        let (of_client, of_server) = &*TLS;
        let name = ServerName::try_from("localhost").unwrap();
        let (for_client, for_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let one = ClientConnection::new(Arc::clone(of_client), name).unwrap();
        let other = ServerConnection::new(Arc::clone(of_server)).unwrap();
        let client = Tls { stream: StreamOwned::new(one, client), tcp: for_client };
        let server = Tls { stream: StreamOwned::new(other, server), tcp: for_server };
        (self.wrap(client), self.wrap(server))
    }

    fn wrap(self, stream: impl Transport + Send + 'static) -> Stream {
        match self.wrapped {
            Wrapped::No => Box::new(stream),
            Wrapped::Bytewise => Box::new(Bytewise::new(stream)),
            Wrapped::Interrupted => Box::new(Interrupted { stream, state: 1 }),
        }
    }
}

pub fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, _) = listener.accept().unwrap();
    for end in [&client, &server] {
        end.set_nodelay(true).unwrap();
    }
    (client, server)
}

static TLS: LazyLock<(Arc<ClientConfig>, Arc<ServerConfig>)> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed([String::from("localhost")]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let server = ServerConfig::builder().with_no_client_auth();
    let server = server.with_single_cert(vec![certificate], key).unwrap();
    (Arc::new(client), Arc::new(server))
});

/// TLS, with the TCP stream below it.
struct Tls<T> {
    stream: T,
    tcp: TcpStream,
}

impl<T: Read> Read for Tls<T> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buf)
    }
}

impl<T: Write> Write for Tls<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl<T: Read + Write> Transport for Tls<T> {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.tcp.set_timeout(timeout)
    }
}

/// Gives and takes one byte at a time. What is below it is used in larger pieces.
struct Bytewise<S> {
    stream: S,
    timeout: Option<Duration>,
    ahead: [u8; 4096],
    read: usize,
    filled: usize,
    behind: Vec<u8>,
}

impl<S: Transport> Bytewise<S> {
    fn new(stream: S) -> Self {
        let (ahead, behind) = ([0; 4096], Vec::new());
        Self { stream, timeout: None, ahead, read: 0, filled: 0, behind }
    }

    fn drain(&mut self) -> io::Result<()> {
        while !self.behind.is_empty() {
            self.stream.set_timeout(self.timeout)?;
            let len = self.stream.write(&self.behind)?;
            self.behind.drain(..len);
        }
        Ok(())
    }
}

impl<S: Transport> Read for Bytewise<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.read == self.filled {
            self.stream.set_timeout(self.timeout)?;
            (self.read, self.filled) = (0, self.stream.read(&mut self.ahead)?);
        }
        if self.filled == 0 || buf.is_empty() {
            return Ok(0);
        }
        buf[0] = self.ahead[self.read];
        self.read += 1;
        Ok(1)
    }
}

impl<S: Transport> Write for Bytewise<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.behind.len() >= 4096 {
            self.drain()?;
        }
        self.behind.push(bytes[0]);
        Ok(1)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.drain()?;
        self.stream.flush()
    }
}

impl<S: Transport> Transport for Bytewise<S> {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.timeout = timeout;
        Ok(())
    }
}

/// Fails half of all calls, as if a signal had come, or nothing could be done now.
struct Interrupted<S> {
    stream: S,
    state: u32,
}

impl<S> Interrupted<S> {
    fn call(&mut self) -> io::Result<&mut S> {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match self.state >> 30 {
            0 => Err(ErrorKind::Interrupted.into()),
            1 => Err(ErrorKind::WouldBlock.into()),
            _ => Ok(&mut self.stream),
        }
    }
}

impl<S: Read> Read for Interrupted<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.call()?.read(buf)
    }
}

impl<S: Write> Write for Interrupted<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let some = bytes.len().div_ceil(2);
        self.call()?.write(&bytes[..some])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.call()?.flush()
    }
}

impl<S: Transport> Transport for Interrupted<S> {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_timeout(timeout)
    }
}
