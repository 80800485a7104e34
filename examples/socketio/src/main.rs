//! `socketio`: a Socket.IO server to try clients with.

mod args;
mod demo;

use std::error::Error;
use std::process::ExitCode;

use axum::Router;
use axum::serve::ListenerExt;
use rfc6455_socketio::engine::Engine;
use tokio::net::TcpListener;

use args::Settings;

#[tokio::main]
async fn main() -> ExitCode {
    let settings = match Settings::parse(lexopt::Parser::from_env()) {
        Ok(Some(settings)) => settings,
        Ok(None) => {
            print!("{}", args::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("socketio: {error}; --help shows the options");
            return ExitCode::from(2);
        }
    };
    match serve(settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("socketio: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(settings: Settings) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(&settings.listen).await?;
    println!("listening: http://{}/", listener.local_addr()?);
    let io = demo::io(&settings);
    let engine = Engine::new(settings.engine.clone(), move |connection| io.serve(connection));
    let mut app = Router::new().route("/socket.io/", engine.clone().into_route());
    if settings.conformance {
        let echo = Engine::new(settings.engine, demo::echo);
        app = app.route("/engine.io/", echo.into_route());
    }
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    let stop = async move {
        // Without a signal handler, the signal itself ends the process.
        let _ = tokio::signal::ctrl_c().await;
        engine.shut_down();
    };
    Ok(axum::serve(listener, app).with_graceful_shutdown(stop).await?)
}
