//! Opens one WebSocket, sends a message in fragments, and closes when it has come back.

#![no_std]
#![no_main]

use core::ops::Range;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rfc6455::handshake::{ClientHandshake, HandshakeLimits, Offer};
use rfc6455::{CloseCode, Connection, Event, Fragment, Limits, MaskingKeys};
use rfc6455_firmware::board;
use rfc6455_firmware::echo::{self, Buffers};
use rfc6455_firmware::program;

program!(main);

static mut BUFFERS: Buffers = Buffers::EMPTY;

/// Masking keys of a cryptographic generator.
struct Keys(ChaCha20Rng);

impl MaskingKeys for Keys {
    fn next_key(&mut self) -> [u8; 4] {
        self.0.next_u32().to_le_bytes()
    }
}

const MESSAGE: [&str; 2] = ["Hello from a ", "microcontroller"];

fn main() -> u32 {
    // SAFETY: this function is called once, and nothing else uses them.
    let buffers = unsafe { &mut *&raw mut BUFFERS };
    // A chip has a generator of random numbers. The emulated board has none, so the host sends a seed.
    let mut seed = [0; 32];
    let mut len = 0;
    while len < seed.len() {
        len += board::read(seed.get_mut(len..).unwrap_or_default());
    }
    let mut random = ChaCha20Rng::from_seed(seed);
    let mut nonce = [0; 16];
    random.fill_bytes(&mut nonce);
    let Some(early) = connect(buffers, nonce) else { return 1 };

    let mut ws = Connection::client(Keys(random), Limits::DEFAULT);
    for fragment in [Fragment::from(MESSAGE[0]).first(), Fragment::from(MESSAGE[1]).last()] {
        let Ok(len) = ws.send(fragment, &mut buffers.write) else { return 2 };
        board::write(buffers.write.get(..len).unwrap_or_default());
    }
    let mut missing = MESSAGE[0].len() + MESSAGE[1].len();
    echo::receive(&mut ws, buffers, early, |ws, event, _| {
        if let Event::Data(chunk) = event {
            missing = missing.saturating_sub(chunk.len());
        }
        if missing == 0
            && let Ok(frame) = ws.close(CloseCode::NORMAL, "")
        {
            board::write(&frame);
        }
    });
    u32::from(missing > 0 || !ws.is_close_received())
}

/// Sends a request and reads the response; returns where in the buffer the bytes behind it are.
#[inline(never)]
fn connect(buffers: &mut Buffers, nonce: [u8; 16]) -> Option<Range<usize>> {
    let Buffers { read, write } = buffers;
    let offer = Offer::new("device.example", "/");
    let mut handshake =
        ClientHandshake::new(offer, nonce, &mut write[..], HandshakeLimits::DEFAULT).ok()?;
    let len = handshake.write_request(read).ok()?;
    board::write(read.get(..len)?);
    loop {
        let end = board::read(read);
        let mut input = read.get_mut(..end)?;
        let response = handshake.receive(&mut input);
        match response.and_then(|response| response.map(|it| it.upgrade()).transpose()) {
            Ok(Some(_)) => return Some(end.saturating_sub(input.len())..end),
            Ok(None) => {}
            Err(_) => return None,
        }
    }
}
