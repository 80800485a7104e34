//! Frames as they arrive, with `websocket-sans-io`.

use rfc6455_footprint::work::READ;
use rfc6455_footprint::{random, read, write};
use websocket_sans_io::{
    Opcode, WebsocketFrameDecoder, WebsocketFrameEncoder, WebsocketFrameEvent as Event,
};

/// Echoes frame by frame, as a client if `masked`.
pub fn echo(masked: bool) {
    let mut buf = [0; READ];
    let mut decoder = WebsocketFrameDecoder::new();
    let mut encoder = WebsocketFrameEncoder::new();
    let mut echoes = false;
    loop {
        let len = read(&mut buf);
        if len == 0 {
            return;
        }
        let mut rest = buf.get_mut(..len).unwrap_or_default();
        // An event may need no input.
        loop {
            let Ok(result) = decoder.add_data(rest);
            let (here, behind) = rest.split_at_mut(result.consumed_bytes);
            let is_done = behind.is_empty() && result.event.is_none();
            match result.event {
                Some(Event::Start { mut frame_info, .. }) => {
                    echoes = frame_info.opcode != Opcode::Pong;
                    if echoes {
                        if frame_info.opcode == Opcode::Ping {
                            frame_info.opcode = Opcode::Pong;
                        }
                        frame_info.mask = masked.then(random);
                        write(&encoder.start_frame(&frame_info));
                    }
                }
                Some(Event::PayloadChunk { .. }) if echoes => {
                    encoder.transform_frame_payload(here);
                    write(here);
                }
                Some(Event::End { frame_info, .. })
                    if frame_info.opcode == Opcode::ConnectionClose =>
                {
                    return;
                }
                _ => {}
            }
            rest = behind;
            if is_done {
                break;
            }
        }
    }
}
