//! yawc: asynchronous, over the traits of tokio.

use futures_util::{SinkExt, StreamExt};
use yawc::{CompressionLevel, Frame, Options, Role, WebSocket};

use super::{Receive, Send, agreed};
use crate::source::{Output, Source, now};

fn connection(role: Role, takeover: bool, source: Source) -> WebSocket<Source> {
    let options = Options::default()
        .with_compression_level(CompressionLevel::new(1))
        .with_compression_threshold(0)
        .with_utf8();
    let options = if takeover {
        options
    } else {
        options.server_no_context_takeover().client_no_context_takeover()
    };
    WebSocket::from_stream_with_extensions(source, role, Some(agreed(takeover)), options).unwrap()
}

pub struct Sender(WebSocket<Source>);

impl Send for Sender {
    fn new(takeover: bool, output: Output) -> Self {
        let mut source = Source::new(vec![0], 1);
        source.output = output;
        Self(connection(Role::Server, takeover, source))
    }

    fn send(&mut self, texts: &[String]) {
        now(async {
            for text in texts {
                self.0.send(Frame::text(text.clone())).await.unwrap();
            }
        });
    }
}

pub struct Receiver {
    ws: WebSocket<Source>,
    messages: u64,
}

impl Receive for Receiver {
    fn new(takeover: bool, source: Source) -> Self {
        let messages = source.messages;
        Self { ws: connection(Role::Client, takeover, source), messages }
    }

    fn receive(&mut self, message: &mut dyn FnMut(&[u8])) {
        now(async {
            for _ in 0..self.messages {
                message(self.ws.next().await.unwrap().payload());
            }
        });
    }
}
