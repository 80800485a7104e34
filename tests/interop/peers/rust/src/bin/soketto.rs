//! soketto, with its deflate.

use soketto::connection::{Builder, Error};
use soketto::extension::deflate::Deflate;
use soketto::handshake::server::Response;
use soketto::handshake::{Client, Server, ServerResponse};
use soketto::{Data, Incoming, Mode};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

type Stream = Compat<TcpStream>;

async fn echo(mut builder: Builder<Stream>) {
    builder.set_max_message_size(1 << 24);
    builder.set_max_frame_size(1 << 24);
    let (mut sender, mut receiver) = builder.finish();
    let mut code = 1006;
    loop {
        let mut message = Vec::new();
        let is_text = match receiver.receive(&mut message).await {
            Ok(Incoming::Data(Data::Text(_))) => true,
            Ok(Incoming::Data(Data::Binary(_))) => false,
            Ok(Incoming::Pong(_)) => continue,
            Ok(Incoming::Closed(reason)) => {
                code = reason.code;
                break;
            }
            Err(Error::Closed) => break,
            Err(error) => {
                eprintln!("{error}");
                break;
            }
        };
        let text = if is_text { std::str::from_utf8(&message).unwrap() } else { "" };
        let words: Vec<&str> = text.splitn(3, ' ').collect();
        let _ = match words[..] {
            // It has no way to choose the code.
            ["!close", ..] => sender.close().await,
            ["!send", number] => sender.send_binary(vec![0; number.parse().unwrap()]).await,
            _ if is_text => sender.send_text(text).await,
            _ => sender.send_binary(&message).await,
        };
        let _ = sender.flush().await;
    }
    println!("closed {code}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args[1] == "client" {
        let host = args[2].trim_start_matches("ws://").trim_end_matches('/').to_string();
        for number in 0..args[3].parse().unwrap() {
            let stream = TcpStream::connect(&host).await.unwrap();
            let path = format!("/{number}");
            let mut client = Client::new(stream.compat(), &host, &path);
            client.add_extension(Box::new(Deflate::new(Mode::Client)));
            match client.handshake().await {
                Ok(ServerResponse::Accepted { .. }) => echo(client.into_builder()).await,
                other => eprintln!("{other:?}"),
            }
        }
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("listening {}", listener.local_addr().unwrap().port());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let mut server = Server::new(stream.compat());
        server.add_extension(Box::new(Deflate::new(Mode::Server)));
        let Ok(request) = server.receive_request().await else { continue };
        let key = request.key();
        let response = Response::Accept { key, protocol: None };
        if server.send_response(&response).await.is_ok() {
            echo(server.into_builder()).await;
        }
    }
}
