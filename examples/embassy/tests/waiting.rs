//! Where the loop waits: it may be dropped there, it reads no more than it can answer, it allocates nothing,
//! and it does not wait forever.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use embassy_futures::block_on;
use embedded_io_async::{ErrorType, Read, Write};
use rfc6455::Timeouts;
use rfc6455_embassy::{Buffers, CONFIG, Error, accept, serve};

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A stream in memory, each call of which is pending once before it is ready.
#[derive(Default)]
struct Pipe {
    input: VecDeque<u8>,
    output: Vec<u8>,
    /// Bytes for each call.
    step: usize,
    paused: bool,
    /// Nothing is read of what is written.
    blocked: bool,
    /// At the end of the input, the peer is silent, and has not closed.
    silent: bool,
}

impl Pipe {
    fn new(step: usize, input: impl IntoIterator<Item = u8>) -> Self {
        Self { input: input.into_iter().collect(), step, ..Self::default() }
    }

    async fn pause(&mut self) {
        poll_fn(|context| {
            if std::mem::replace(&mut self.paused, false) {
                return Poll::Ready(());
            }
            self.paused = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

impl ErrorType for Pipe {
    type Error = Infallible;
}

impl Read for Pipe {
    async fn read(&mut self, room: &mut [u8]) -> Result<usize, Infallible> {
        self.pause().await;
        if self.input.is_empty() && self.silent {
            std::future::pending::<()>().await;
        }
        let len = room.len().min(self.step).min(self.input.len());
        room.iter_mut().zip(self.input.drain(..len)).for_each(|(place, byte)| *place = byte);
        Ok(len)
    }
}

impl Write for Pipe {
    async fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.pause().await;
        if self.blocked {
            std::future::pending::<()>().await;
        }
        let len = bytes.len().min(self.step);
        self.output.extend(&bytes[..len]);
        Ok(len)
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// A masked frame with the key 0, which changes nothing.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).expect("a short payload");
    let head = match len {
        0..126 => vec![first, 0x80 | len.to_be_bytes()[1]],
        _ => [&[first, 0xFE][..], &len.to_be_bytes()].concat(),
    };
    [&head[..], &[0; 4], payload].concat()
}

/// What a client sends in these tests: messages that are short, fragmented, and longer than the
/// buffers, a Ping between, and a Close.
fn session() -> Vec<u8> {
    [
        frame(0x81, "Grüße".as_bytes()),
        frame(0x01, b"frag"),
        frame(0x89, b"ping"),
        frame(0x80, b"ments"),
        frame(0x82, &[7; 3 * Buffers::READ]),
        frame(0x88, &1000_u16.to_be_bytes()),
    ]
    .concat()
}

/// The messages and control frames that a server has sent, each in the place of its last frame.
fn messages(frames: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let (mut rest, mut open, mut found) = (frames, (0, Vec::new()), Vec::new());
    while let [first, len, behind @ ..] = rest {
        let (len, behind) = match (len, behind) {
            (126, [high, low, behind @ ..]) => (u16::from_be_bytes([*high, *low]), behind),
            (len, behind) => (u16::from(*len), behind),
        };
        let (payload, behind) = behind.split_at(usize::from(len));
        rest = behind;
        if first & 0x08 != 0 {
            found.push((*first, payload.to_vec()));
            continue;
        }
        open.0 |= first;
        open.1.extend(payload);
        if first & 0x80 != 0 {
            found.push(std::mem::take(&mut open));
        }
    }
    found
}

/// Polls until it waits for nothing but a peer; returns the result if there is one.
fn poll_while_it_moves<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    (0..100_000).find_map(|_| match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    })
}

#[test]
fn a_connection_is_served_from_its_handshake_to_its_close() {
    for step in [1, 7, 4096] {
        let mut pipe = Pipe::new(step, REQUEST.bytes().chain(session()));
        let mut buffers = Buffers::EMPTY;
        assert_eq!(block_on(serve(&mut pipe, &mut buffers)), Ok(()));
        let frames = pipe.output.strip_prefix(RESPONSE.as_bytes()).expect("it is accepted");
        let expected = [
            (0x81, "Grüße".into()),
            (0x8A, b"ping".into()),
            (0x81, b"fragments".into()),
            (0x82, vec![7; 3 * Buffers::READ]),
            (0x88, b"\x03\xE8".into()),
        ];
        assert_eq!(messages(frames), expected);
    }
}

#[test]
fn the_loop_may_be_dropped_wherever_it_waits_and_called_again() {
    for step in [1, 7, 4096] {
        let mut outputs = Vec::new();
        for dropped in [false, true] {
            let mut pipe = Pipe::new(step, REQUEST.bytes().chain(session()));
            let mut buffers = Buffers::EMPTY;
            let mut echo = block_on(accept(&mut pipe, &mut buffers, CONFIG)).expect("accepted");
            let (mut context, mut waits) = (Context::from_waker(Waker::noop()), 0);
            let result = if dropped {
                loop {
                    match pin!(echo.run(&mut pipe)).poll(&mut context) {
                        Poll::Ready(result) => break result,
                        Poll::Pending => waits += 1,
                    }
                }
            } else {
                block_on(echo.run(&mut pipe))
            };
            assert_eq!(result, Ok(()));
            assert!(!dropped || waits > 10, "it was dropped {waits} times");
            outputs.push(pipe.output);
        }
        assert_eq!(outputs[0], outputs[1]);
    }
}

#[test]
fn a_peer_that_does_not_read_is_not_read_from() {
    let mut buffers = Buffers::EMPTY;
    let sent: Vec<u8> = (0..100).flat_map(|_| frame(0x82, &[0; 100])).collect();
    let mut pipe = Pipe::new(4096, REQUEST.bytes().chain(sent.iter().copied()));
    let mut echo = block_on(accept(&mut pipe, &mut buffers, CONFIG)).expect("accepted");
    pipe.blocked = true;
    assert_eq!(poll_while_it_moves(echo.run(&mut pipe)), None);
    assert!(sent.len() - pipe.input.len() <= Buffers::READ + 64, "{}", pipe.input.len());

    pipe.blocked = false;
    assert_eq!(block_on(echo.run(&mut pipe)), Ok(()));
    let echoed = pipe.output.len() - RESPONSE.len();
    assert_eq!(echoed, 100 * 102, "each message has come back");
}

#[test]
fn nothing_is_allocated() {
    let mut pipe = Pipe::new(64, REQUEST.bytes().chain(session()));
    pipe.output.reserve(8 * Buffers::READ);
    let mut buffers = Buffers::EMPTY;
    let mut result = None;
    // The first timer sets up the clock of the operating system.
    block_on(embassy_time::Timer::after_millis(1));
    let counted = allocation_counter::measure(|| {
        result = Some(block_on(serve(&mut pipe, &mut buffers)));
    });
    assert_eq!((result, counted.count_total), (Some(Ok(())), 0));
}

#[test]
fn a_silent_peer_is_asked_and_then_dropped() {
    let short = Some(Duration::from_millis(20));
    let config = CONFIG.timeouts(Timeouts::DEFAULT.idle(short).pong(short));
    let mut pipe = Pipe::new(4096, REQUEST.bytes());
    pipe.silent = true;
    let mut buffers = Buffers::EMPTY;
    let mut echo = block_on(accept(&mut pipe, &mut buffers, config)).expect("accepted");
    assert_eq!(block_on(echo.run(&mut pipe)), Ok(()));
    assert!(pipe.output.ends_with(b"\x89\x00"), "a Ping was sent");
}

#[test]
fn a_peer_that_does_not_read_is_dropped() {
    let short = Some(Duration::from_millis(20));
    let config = CONFIG.timeouts(Timeouts::DEFAULT.idle(short).pong(short));
    let mut pipe = Pipe::new(4096, REQUEST.bytes().chain(frame(0x82, &[0; 100])));
    let mut buffers = Buffers::EMPTY;
    let mut echo = block_on(accept(&mut pipe, &mut buffers, config)).expect("accepted");
    pipe.blocked = true;
    assert_eq!(block_on(echo.run(&mut pipe)), Ok(()));
    assert_eq!(pipe.output.len(), RESPONSE.len());
}

#[test]
fn a_request_is_refused_with_an_answer() {
    let mut pipe = Pipe::new(4096, REQUEST.replace("13", "12").bytes());
    let mut buffers = Buffers::EMPTY;
    let result = block_on(serve(&mut pipe, &mut buffers));
    assert!(matches!(result, Err(Error::Refused(_))));
    assert!(pipe.output.starts_with(b"HTTP/1.1 426 "));
}
