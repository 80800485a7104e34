//! Parts of frames from one buffer to another, with `embedded-websocket`.

use embedded_websocket::{
    Client, Error, Server, WebSocket, WebSocketClient, WebSocketCloseStatusCode, WebSocketOptions,
    WebSocketReceiveMessageType as Received, WebSocketSendMessageType as Sent, WebSocketServer,
    WebSocketState, WebSocketType, read_http_header,
};
use rand_core::RngCore;
use rfc6455_footprint::work::READ;
use rfc6455_footprint::{random, read, write};

/// Bytes from the device, and where the ones are that were not used.
struct Input {
    bytes: [u8; READ],
    end: usize,
}

impl Input {
    /// Reads behind what is held; returns how many bytes.
    fn read(&mut self) -> usize {
        let len = read(self.bytes.get_mut(self.end..).unwrap_or_default());
        self.end += len;
        len
    }

    fn held(&self) -> &[u8] {
        self.bytes.get(..self.end).unwrap_or_default()
    }

    /// Forgets the first `len` bytes.
    fn consume(&mut self, len: usize) {
        if len <= self.end {
            self.bytes.copy_within(len..self.end, 0);
            self.end -= len;
        }
    }
}

const EMPTY: Input = Input { bytes: [0; READ], end: 0 };

pub fn serve(handshake: bool) {
    let mut ws = WebSocketServer::new_server();
    let mut input = EMPTY;
    if !handshake {
        ws.state = WebSocketState::Open;
    } else if accept(&mut ws, &mut input).is_none() {
        return;
    }
    echo(&mut ws, &mut input);
}

pub fn connect(handshake: bool) {
    let mut ws = WebSocketClient::new_client(Device);
    let mut input = EMPTY;
    if !handshake {
        ws.state = WebSocketState::Open;
    } else if request(&mut ws, &mut input).is_none() {
        return;
    }
    echo(&mut ws, &mut input);
}

fn echo<R: RngCore, T: WebSocketType>(ws: &mut WebSocket<R, T>, input: &mut Input) {
    let (mut payload, mut out) = ([0; READ], [0; READ + 14]);
    loop {
        match ws.read(input.held(), &mut payload) {
            Ok(result) => {
                input.consume(result.len_from);
                let kind = match result.message_type {
                    Received::Text => Sent::Text,
                    Received::Binary => Sent::Binary,
                    Received::Ping => Sent::Pong,
                    Received::CloseMustReply => Sent::CloseReply,
                    Received::Pong => continue,
                    Received::CloseCompleted => return,
                };
                let payload = payload.get(..result.len_to).unwrap_or_default();
                let Ok(len) = ws.write(kind, result.end_of_message, payload, &mut out) else {
                    return;
                };
                write(out.get(..len).unwrap_or_default());
                if kind == Sent::CloseReply {
                    return;
                }
            }
            Err(Error::ReadFrameIncomplete) => {
                if input.read() == 0 {
                    return;
                }
            }
            Err(_) => {
                let code = WebSocketCloseStatusCode::ProtocolError;
                let len = ws.close(code, None, &mut out).unwrap_or_default();
                write(out.get(..len).unwrap_or_default());
                return;
            }
        }
    }
}

fn accept<R: RngCore>(ws: &mut WebSocket<R, Server>, input: &mut Input) -> Option<()> {
    let mut out = [0; 256];
    loop {
        if input.read() == 0 {
            return None;
        }
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut request = httparse::Request::new(&mut headers);
        let Ok(status) = request.parse(input.held()) else { return None };
        if let httparse::Status::Complete(len) = status {
            let headers = request.headers.iter().map(|header| (header.name, header.value));
            let context = read_http_header(headers).ok()??;
            let written = ws.server_accept(&context.sec_websocket_key, None, &mut out).ok()?;
            write(out.get(..written)?);
            input.consume(len);
            return Some(());
        }
    }
}

fn request<R: RngCore>(ws: &mut WebSocket<R, Client>, input: &mut Input) -> Option<()> {
    let mut out = [0; 256];
    let options = WebSocketOptions {
        path: "/",
        host: "device.example",
        origin: "http://device.example",
        sub_protocols: None,
        additional_headers: None,
    };
    let (len, key) = ws.client_connect(&options, &mut out).ok()?;
    write(out.get(..len)?);
    loop {
        if input.read() == 0 {
            return None;
        }
        match ws.client_accept(&key, input.held()) {
            Ok((len, _)) => {
                input.consume(len);
                return Some(());
            }
            Err(Error::HttpHeaderIncomplete) => {}
            Err(_) => return None,
        }
    }
}

/// The generator of the device.
struct Device;

impl RngCore for Device {
    fn next_u32(&mut self) -> u32 {
        u32::from_ne_bytes(random())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_ne_bytes(random())
    }

    fn fill_bytes(&mut self, room: &mut [u8]) {
        read(room);
    }

    fn try_fill_bytes(&mut self, room: &mut [u8]) -> Result<(), rand_core::Error> {
        read(room);
        Ok(())
    }
}
