//! Sends the lines of the standard input as text messages, and prints those that come back.

use std::env;
use std::error::Error;

use rfc6455_tokio::rfc6455::CloseCode;
use rfc6455_tokio::{Message, connect};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).ok_or("usage: client URL")?;
    let mut ws = connect(url).await?;
    let mut lines = BufReader::new(stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => ws.send(line).await?,
                None => break ws.close(CloseCode::NORMAL, "").await?,
            },
            message = ws.recv() => match message.transpose()? {
                Some(Message::Text(text)) => println!("{}", text.as_str().escape_debug()),
                Some(message) => println!("{message:?}"),
                None => break,
            },
        }
    }
    Ok(())
}
