//! TCP, or TLS over TCP, in halves for two threads.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::common::url::Url;
use crate::common::{TIMEOUT, connect_tcp};
use crate::lock;

/// The state of TLS. No thread holds the lock while it waits for the network, so neither direction
/// waits for the other.
type Tls = Option<Arc<Mutex<ClientConnection>>>;

/// Connects to the server of a URL; a `wss:` server has to present a trusted certificate.
///
/// Certificates are trusted if one in the file `authorities` signed them or, without a file, one
/// of the system's.
pub(crate) fn connect(url: &Url, authorities: Option<&Path>) -> io::Result<(Input, Output)> {
    let mut socket = connect_tcp(url)?;
    let tls = if url.secure {
        let name = ServerName::try_from(url.host.clone()).map_err(io::Error::other)?;
        let config = ClientConfig::builder()
            .with_root_certificates(trusted(authorities)?)
            .with_no_client_auth();
        let mut tls = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        while tls.is_handshaking() {
            tls.complete_io(&mut socket)?;
        }
        Some(Arc::new(Mutex::new(tls)))
    } else {
        None
    };
    let output = Output { socket: socket.try_clone()?, tls: tls.clone(), encrypted: Vec::new() };
    Ok((Input { socket, tls, encrypted: vec![0; 16 << 10], unread: 0..0 }, output))
}

/// Returns the certificates that may sign a server's.
fn trusted(authorities: Option<&Path>) -> io::Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    if let Some(path) = authorities {
        let explain = |error: &dyn std::fmt::Display| {
            io::Error::other(format!("{}: {error}", path.display()))
        };
        let file = BufReader::new(File::open(path).map_err(|error| explain(&error))?);
        for certificate in CertificateDer::pem_reader_iter(file) {
            let certificate = certificate.map_err(|error| explain(&error))?;
            store.add(certificate).map_err(|error| explain(&error))?;
        }
    } else {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if store.is_empty() {
        return Err(io::Error::other("there is no certificate to trust: use --ca FILE"));
    }
    Ok(store)
}

/// What arrives.
pub(crate) struct Input {
    pub(crate) socket: TcpStream,
    tls: Tls,
    encrypted: Vec<u8>,
    /// The part of `encrypted` that TLS has not taken yet.
    unread: std::ops::Range<usize>,
}

impl Read for Input {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &self.tls else { return self.socket.read(buf) };
        loop {
            match lock(tls).reader().read(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            if self.unread.is_empty() {
                self.unread = 0..self.socket.read(&mut self.encrypted)?;
            }
            let mut tls = lock(tls);
            // An empty slice is the end of TCP, which TLS has to know.
            self.unread.start += tls.read_tls(&mut &self.encrypted[self.unread.clone()])?;
            tls.process_new_packets().map_err(io::Error::other)?;
        }
    }
}

/// What is sent.
pub(crate) struct Output {
    pub(crate) socket: TcpStream,
    tls: Tls,
    encrypted: Vec<u8>,
}

impl Output {
    /// Ends TLS; TCP stays open.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        if let Some(tls) = &self.tls {
            lock(tls).send_close_notify();
        }
        self.flush()
    }

    /// Ends both directions, which wakes the thread that reads.
    pub(crate) fn abort(&self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &self.tls else { return self.socket.write(bytes) };
        let written = lock(tls).writer().write(bytes)?;
        self.flush()?;
        Ok(written)
    }

    /// Writes what TLS has encrypted.
    fn flush(&mut self) -> io::Result<()> {
        let Some(tls) = &self.tls else { return Ok(()) };
        let mut tls = lock(tls);
        while tls.wants_write() {
            tls.write_tls(&mut self.encrypted)?;
        }
        drop(tls);
        self.socket.write_all(&self.encrypted)?;
        self.encrypted.clear();
        Ok(())
    }
}

/// Both halves, for the opening handshake.
pub(crate) struct Both<'s>(pub(crate) &'s mut Input, pub(crate) &'s mut Output);

impl Read for Both<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.1.flush()
    }
}
