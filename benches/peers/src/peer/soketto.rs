//! soketto: asynchronous, over the traits of `futures`.

use futures_util::io::BufReader;
use soketto::connection::{Builder, Mode};
use soketto::handshake::server::Response;
use soketto::{Data, Incoming, Receiver};

use super::{About, Accept, Echo, Receive, Send, Sink, ours};
use crate::source::{READ_LEN, Source, now};

const NAME: &str = "soketto";
const MAX_LEN: usize = 1 << 30;

/// It reads the bytes of a header separately, and therefore needs a buffered transport.
type Transport = BufReader<Source>;

pub struct Server {
    receiver: Receiver<Transport>,
    sender: soketto::Sender<Transport>,
    message: Vec<u8>,
    messages: u64,
}

impl Server {
    fn over(source: Source) -> Self {
        let messages = source.messages;
        let transport = BufReader::with_capacity(READ_LEN, source);
        let mut builder = Builder::new(transport, Mode::Server);
        builder.set_max_frame_size(MAX_LEN);
        builder.set_max_message_size(MAX_LEN);
        let (sender, receiver) = builder.finish();
        Self { receiver, sender, message: Vec::new(), messages }
    }
}

impl Receive for Server {
    const ABOUT: About = About::new(
        NAME,
        ours::MESSAGES,
        "into one reused Vec; does not check UTF-8, nor that a client masks",
    );

    fn new(source: Source, _: bool) -> Self {
        Self::over(source)
    }

    fn receive<S: Sink>(&mut self, sink: &mut S) {
        now(async {
            let mut left = self.messages;
            while left > 0 {
                self.message.clear();
                if let Incoming::Data(_) = self.receiver.receive(&mut self.message).await.unwrap() {
                    sink.piece(&self.message, true);
                    left -= 1;
                }
            }
        });
    }
}

impl Echo for Server {
    const ABOUT: About = About::new(NAME, ours::MESSAGES, "the payload is not copied to be sent");

    fn new(source: Source) -> Self {
        Self::over(source)
    }

    fn echo(&mut self) {
        now(async {
            for _ in 0..self.messages {
                self.message.clear();
                let data = self.receiver.receive_data(&mut self.message).await.unwrap();
                assert!(matches!(data, Data::Binary(_)));
                self.sender.send_binary(&self.message).await.unwrap();
                self.sender.flush().await.unwrap();
            }
        });
    }
}

pub struct Sender<const CLIENT: bool> {
    sender: soketto::Sender<Transport>,
    /// Neither half works without the other.
    _receiver: Receiver<Transport>,
    payload: Vec<u8>,
    messages: u64,
}

impl<const CLIENT: bool> Send for Sender<CLIENT> {
    const ABOUT: About = if CLIENT {
        About::new(NAME, ours::SLICE, "two writes; keys by `rand`, not to be replaced")
    } else {
        About::new(NAME, ours::IN_PLACE, "two writes: the payload is not copied")
    };

    fn new(payload: Vec<u8>, source: Source) -> Self {
        let messages = source.messages;
        let mode = if CLIENT { Mode::Client } else { Mode::Server };
        let transport = BufReader::with_capacity(READ_LEN, source);
        let (sender, receiver) = Builder::new(transport, mode).finish();
        Self { sender, _receiver: receiver, payload, messages }
    }

    fn send(&mut self) {
        now(async {
            for _ in 0..self.messages {
                self.sender.send_binary(&self.payload).await.unwrap();
            }
            self.sender.flush().await.unwrap();
        });
    }
}

pub struct Handshake {
    source: Source,
}

impl Accept for Handshake {
    const ABOUT: About = About::new(NAME, ours::HANDSHAKE, "zero-fills 8 KiB to read into");

    fn new(source: Source) -> Self {
        Self { source }
    }

    fn accept(&mut self) {
        now(async {
            let mut server = soketto::handshake::Server::new(self.source.clone());
            let key = server.receive_request().await.unwrap().key();
            server.send_response(&Response::Accept { key, protocol: None }).await.unwrap();
            std::hint::black_box(server.into_builder().finish());
        });
    }
}
