//! Whole frames in a buffer, with `ws-framer`.

use rfc6455_footprint::work::READ;
use rfc6455_footprint::{read, write};
use ws_framer::{WsFrame, WsRxFramer, WsTxFramer};

/// Echoes, as a client if `masked`; first it requests a WebSocket if `handshake`.
pub fn echo(masked: bool, handshake: bool) {
    let (mut incoming, mut outgoing) = ([0; READ], [0; READ + 14]);
    let mut rx = WsRxFramer::new(&mut incoming);
    let mut tx = WsTxFramer::new(masked, &mut outgoing);
    if handshake && connect(&mut rx, &mut tx).is_none() {
        return;
    }
    loop {
        while let Some(frame) = rx.next_frame() {
            let is_last = !matches!(&frame, Ok(frame) if frame.opcode() != 8);
            let answer = match frame {
                Ok(WsFrame::Ping(payload)) => tx.pong(payload),
                Ok(WsFrame::Pong(_)) => None,
                Ok(frame) => tx.frame(frame),
                Err(_) => tx.close(1002, ""),
            };
            write(answer.unwrap_or_default());
            if is_last {
                return;
            }
        }
        let len = read(rx.read_buf());
        if len == 0 {
            return;
        }
        rx.advance(len);
    }
}

fn connect(rx: &mut WsRxFramer<'_>, tx: &mut WsTxFramer<'_>) -> Option<()> {
    write(tx.http_upgrade_request("device.example", "/", &[])?);
    loop {
        let len = read(rx.read_buf());
        rx.advance(len);
        match rx.http_response() {
            Some(Ok(response)) if response.is_websocket_accepted(&tx.accept_key()) => {
                return Some(());
            }
            None if len > 0 => {}
            _ => return None,
        }
    }
}
