//! The scenarios.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use fastrand::Rng;
use rfc6455::websocket::Config;
use rfc6455::{CloseCode, Fragment, Limits, Opcode, Role, deflate};

use crate::messages::{self, Message};
use crate::talk::{Got, Talk};

/// What happens on one connection.
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) config: Config,
    /// The compression to negotiate, if any.
    pub(crate) deflate: Option<deflate::Config>,
    /// How long the other end may take to answer.
    pub(crate) patience: Duration,
    /// How many bytes a read takes at most.
    pub(crate) piece: usize,
    act: Act,
}

enum Act {
    Text,
    Binary,
    Fragments,
    Ping,
    CloseOurs,
    CloseTheirs,
    Limit,
    Abrupt,
    Random { count: usize, seed: u64 },
    Idle(Duration),
}

/// What came of a scenario.
pub(crate) struct Outcome {
    /// `ok`, `none` if the other end has no such thing, or `failed`.
    pub(crate) verdict: &'static str,
    /// The close code that the other end must have seen, `-` for any, or `?` if there was no
    /// connection.
    pub(crate) seen: &'static str,
    pub(crate) details: String,
}

impl Outcome {
    /// There was no connection.
    pub(crate) fn unopened(details: String) -> Self {
        Self { verdict: "failed", seen: "?", details }
    }

    fn failed(details: String) -> Self {
        Self { verdict: "failed", seen: "-", details }
    }
}

const MIB: usize = 1 << 20;
/// What a message of the scenario `limit` exceeds.
const LIMIT: u64 = 65_536;

impl Scenario {
    /// Returns all scenarios; `deflate` has the settings that all compressed ones share.
    pub(crate) fn all(
        count: usize,
        deflate: deflate::Config,
        idle: Option<Duration>,
        patience: Duration,
    ) -> Vec<Self> {
        let plain = |name: &str, piece: usize, act: Act| Self {
            name: name.to_string(),
            config: Config::DEFAULT,
            deflate: None,
            patience,
            piece,
            act,
        };
        let mut all = vec![
            plain("text", 4099, Act::Text),
            plain("binary", 65_536, Act::Binary),
            plain("fragments", 1, Act::Fragments),
            plain("ping", 3, Act::Ping),
            plain("close-ours", 1, Act::CloseOurs),
            plain("close-theirs", 1, Act::CloseTheirs),
            plain("limit", 65_536, Act::Limit),
            plain("abrupt", 65_536, Act::Abrupt),
        ];
        if let Some(limit) = all.iter_mut().find(|it| it.name == "limit") {
            limit.config = Config::DEFAULT.limits(Limits::DEFAULT.max_message(LIMIT));
        }
        all.extend(idle.map(|idle| plain("idle", 65_536, Act::Idle(idle))));
        for takeover in [true, false] {
            for window in 9..=15 {
                let what = if takeover { "takeover" } else { "alone" };
                let seed = u64::from(window) * 2 + u64::from(takeover);
                let config = deflate.send_window(window).receive_window(window);
                let config = config.send_takeover(takeover).receive_takeover(takeover);
                all.push(Self {
                    deflate: Some(config),
                    ..plain(&format!("deflate-{window}-{what}"), 4099, Act::Random { count, seed })
                });
            }
        }
        all
    }

    /// Plays our part of it.
    pub(crate) fn run<R: Role>(&self, talk: &mut Talk<R>) -> Outcome {
        let (played, seen) = match &self.act {
            Act::Text => (text(talk).and_then(|()| close(talk)), "1000"),
            Act::Binary => (binary(talk).and_then(|()| close(talk)), "1000"),
            Act::Fragments => (fragments(talk).and_then(|()| close(talk)), "1000"),
            Act::Ping => (ping(talk).and_then(|()| close(talk)), "1000"),
            Act::CloseOurs => (close_ours(talk), "3000"),
            Act::CloseTheirs => (close_theirs(talk), "4001"),
            Act::Limit => (limit(talk), "1009"),
            Act::Abrupt => (abrupt(talk), "1006"),
            Act::Idle(time) => (idle(talk, *time).and_then(|()| close(talk)), "1000"),
            Act::Random { .. } if talk.windows.is_none() => {
                let closed = close(talk);
                return match closed {
                    Ok(()) => Outcome { verdict: "none", seen: "1000", details: String::new() },
                    Err(error) => Outcome::failed(error),
                };
            }
            Act::Random { count, seed } => {
                (random(talk, *count, *seed).and_then(|()| close(talk)), "1000")
            }
        };
        match played {
            Ok(()) => {
                let details = talk.windows.map_or_else(String::new, |[ours, theirs]| {
                    format!("windows: ours {ours}, theirs {theirs}")
                });
                Outcome { verdict: "ok", seen, details }
            }
            Err(error) => {
                let _ = talk.abort();
                Outcome::failed(error)
            }
        }
    }
}

fn shown(got: &Got) -> String {
    let mut shown = format!("{got:?}");
    if let Some((end, _)) = shown.char_indices().nth(200) {
        shown.truncate(end);
    }
    shown.replace(['\t', '\n'], " ")
}

/// Sends a message and compares its echo.
fn echo<R: Role>(talk: &mut Talk<R>, message: &Message) -> Result<(), String> {
    talk.send_message(message)?;
    expect(talk, message)
}

fn expect<R: Role>(talk: &mut Talk<R>, message: &Message) -> Result<(), String> {
    match talk.next()? {
        Got::Message(echo) if echo == *message => Ok(()),
        got => Err(format!("instead of the echo of {} bytes: {}", message.len(), shown(&got))),
    }
}

fn text<R: Role>(talk: &mut Talk<R>) -> Result<(), String> {
    for len in [0, 1, 124, 125, 126, 127, 65_535, 65_536, MIB] {
        echo(talk, &Message::Text(messages::text(len)))?;
    }
    let long = Message::Text("Hello, ".repeat(9000));
    echo(talk, &long)
}

fn binary<R: Role>(talk: &mut Talk<R>) -> Result<(), String> {
    for len in [0, 1, 125, 126, 65_535, 65_536, MIB] {
        let bytes = (0..len).map(|at| at.to_le_bytes()[at % 3]).collect();
        echo(talk, &Message::Binary(bytes))?;
    }
    Ok(())
}

/// Cut inside code points, with empty fragments, and with a Ping between two.
fn fragments<R: Role>(talk: &mut Talk<R>) -> Result<(), String> {
    let text = "aé€😀".repeat(40);
    for size in [1, 2, 3, 7, 399] {
        let mut fragments = vec![&b""[..]];
        fragments.extend(text.as_bytes().chunks(size));
        fragments.push(b"");
        let last = fragments.len() - 1;
        for (index, piece) in fragments.into_iter().enumerate() {
            let opcode = if index == 0 { Opcode::Text } else { Opcode::Continuation };
            talk.send_frame(index == last, opcode, piece)?;
            if index == 1 {
                talk.ping(b"between")?;
                match talk.next()? {
                    Got::Pong(payload) if payload == b"between" => {}
                    got => return Err(format!("instead of the Pong: {}", shown(&got))),
                }
            }
        }
        expect(talk, &Message::Text(text.clone()))?;
    }
    Ok(())
}

fn ping<R: Role>(talk: &mut Talk<R>) -> Result<(), String> {
    for payload in [&b""[..], b"ping", &[0xA5; 125]] {
        talk.ping(payload)?;
        match talk.next()? {
            Got::Pong(pong) if pong == payload => {}
            got => return Err(format!("instead of the Pong: {}", shown(&got))),
        }
    }
    echo(talk, &Message::Text("after the Pings".to_string()))
}

/// Closes with 1000; it has to be answered.
fn close<R: Role>(talk: &mut Talk<R>) -> Result<(), String> {
    answered(talk, CloseCode::NORMAL, "")
}

fn close_ours<R: Role>(talk: &mut Talk<R>) -> Result<(), String> {
    answered(talk, CloseCode::new(3000).ok_or("3000 is a code")?, "reason, zwölf")
}

fn answered<R: Role>(talk: &mut Talk<R>, code: CloseCode, reason: &str) -> Result<(), String> {
    talk.close(code, reason)?;
    match talk.next()? {
        // It typically has the same code (RFC 6455 §5.5.1), but some always answer with 1000.
        Got::Close(_) => talk.end(),
        got => Err(format!("instead of the Close {code:?}: {}", shown(&got))),
    }
}

fn close_theirs<R: Role>(talk: &mut Talk<R>) -> Result<(), String> {
    talk.send("!close 4001 bye")?;
    match talk.next()? {
        Got::Close(Some((code, reason))) if u16::from(code) == 4001 && reason == "bye" => {
            talk.end()
        }
        got => Err(format!("instead of the Close 4001: {}", shown(&got))),
    }
}

fn limit<R: Role>(talk: &mut Talk<R>) -> Result<(), String> {
    talk.send("!send 70000")?;
    match talk.next()? {
        Got::Violation(error) if error.close_code() == CloseCode::MESSAGE_TOO_BIG => {}
        got => return Err(format!("instead of a message beyond the limit: {}", shown(&got))),
    }
    // The rest is discarded, so that a reset does not overtake our Close.
    if talk.ws.is_server() {
        let _ = talk.socket.shutdown(std::net::Shutdown::Write);
    }
    let mut rest = [0; 4096];
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        let _ = talk.socket.set_read_timeout(Some(Duration::from_secs(10)));
        match std::io::Read::read(&mut talk.stream, &mut rest) {
            Ok(1..) => {}
            Ok(0) | Err(_) => break,
        }
    }
    Ok(())
}

/// Half a message, and then the end of TCP.
fn abrupt<R: Role>(talk: &mut Talk<R>) -> Result<(), String> {
    echo(talk, &Message::Text("before the end".to_string()))?;
    talk.send(Fragment::from("half a message").first())?;
    talk.abort().map_err(|error| error.to_string())
}

/// Silence but for our Pings, and then an echo.
fn idle<R: Role>(talk: &mut Talk<R>, time: Duration) -> Result<(), String> {
    let start = Instant::now();
    while start.elapsed() < time {
        talk.ping(b"")?;
        match talk.next()? {
            Got::Pong(_) => {}
            got => return Err(format!("instead of the Pong: {}", shown(&got))),
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    echo(talk, &Message::Text("after the silence".to_string()))
}

/// A few messages are on their way at a time.
fn random<R: Role>(talk: &mut Talk<R>, count: usize, seed: u64) -> Result<(), String> {
    let (mut rng, mut sent) = (Rng::with_seed(seed), VecDeque::new());
    for index in 0..=count {
        if index < count {
            let message = messages::random(&mut rng);
            talk.send_message(&message)?;
            sent.push_back(message);
        }
        while sent.len() > if index < count { 3 } else { 0 } {
            let Some(message) = sent.pop_front() else { break };
            expect(talk, &message)?;
        }
    }
    // Longer than every window.
    let long = Message::Text(messages::text(200_000));
    echo(talk, &long)
}
