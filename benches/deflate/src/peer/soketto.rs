//! soketto: asynchronous, over the traits of `futures`; only without takeover.

use futures_util::io::BufReader;
use soketto::connection::{Builder, Mode};
use soketto::extension::Extension;
use soketto::extension::deflate::Deflate;

use super::{Receive, Send};
use crate::source::{Output, SHORT_READ, Source, now};

type Transport = BufReader<Source>;

fn connection(
    mode: Mode,
    source: Source,
) -> (soketto::Sender<Transport>, soketto::Receiver<Transport>) {
    let mut deflate = Deflate::new(mode);
    let takeover = "server_no_context_takeover";
    deflate.configure(&[soketto::extension::Param::new(takeover)]).unwrap();
    let mut builder = Builder::new(BufReader::with_capacity(SHORT_READ, source), mode);
    builder.add_extensions([Box::new(deflate) as Box<dyn Extension + std::marker::Send>]);
    builder.finish()
}

pub struct Sender(soketto::Sender<Transport>);

impl Send for Sender {
    fn new(_: bool, output: Output) -> Self {
        let mut source = Source::new(vec![0], 1);
        source.output = output;
        Self(connection(Mode::Server, source).0)
    }

    fn send(&mut self, texts: &[String]) {
        now(async {
            for text in texts {
                self.0.send_text(text).await.unwrap();
                self.0.flush().await.unwrap();
            }
        });
    }
}

pub struct Receiver {
    receiver: soketto::Receiver<Transport>,
    messages: u64,
}

impl Receive for Receiver {
    fn new(_: bool, source: Source) -> Self {
        let messages = source.messages;
        Self { receiver: connection(Mode::Client, source).1, messages }
    }

    fn receive(&mut self, message: &mut dyn FnMut(&[u8])) {
        now(async {
            let mut text = Vec::new();
            for _ in 0..self.messages {
                text.clear();
                self.receiver.receive_data(&mut text).await.unwrap();
                message(&text);
            }
        });
    }
}
