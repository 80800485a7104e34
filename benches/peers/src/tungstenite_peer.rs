//! tungstenite, over a reader that copies out of memory, with the read buffer of the same size.

use std::io::{self, Read, Write};

use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, WebSocket};

struct Memory<'a> {
    stream: &'a [u8],
    read_len: usize,
}

impl Read for Memory<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.stream.len().min(buf.len()).min(self.read_len);
        if len == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let (read, rest) = self.stream.split_at(len);
        buf[..len].copy_from_slice(read);
        self.stream = rest;
        Ok(len)
    }
}

impl Write for Memory<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn decode(stream: &[u8], read_len: usize) -> (u64, u64) {
    let config = WebSocketConfig::default()
        .read_buffer_size(read_len)
        .max_message_size(None)
        .max_frame_size(None);
    let memory = Memory { stream, read_len };
    let mut ws = WebSocket::from_raw_socket(memory, Role::Server, Some(config));
    let (mut messages, mut bytes) = (0, 0);
    loop {
        match ws.read() {
            Ok(message) => {
                messages += 1;
                bytes += std::hint::black_box(message.into_data()).len() as u64;
            }
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    (messages, bytes)
}
