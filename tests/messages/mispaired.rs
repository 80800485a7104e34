//! Buffers, inflaters and deflaters that are used with a connection that is not theirs.

use crate::common;

use common::driver::Keys;
use rfc6455::*;

type Peer = Connection<Client<Keys>>;

fn client() -> Peer {
    Connection::client(Keys(1), Limits::DEFAULT)
}

/// Receives these bytes, from a buffer of their own.
fn receive(messages: &mut MessageBuffer<Heap>, ws: &mut Peer, bytes: &[u8]) -> Got {
    let mut bytes = bytes.to_vec();
    got(messages.receive(ws, &mut &mut bytes[..]))
}

/// Receives these bytes past any buffer.
fn chunk(ws: &mut Peer, bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    assert!(matches!(ws.receive(&mut &mut bytes[..]), Ok(Some(Event::Data(_)))));
}

/// A message, nothing, or a violation.
type Got = Result<Option<String>, Violation>;

fn got(result: Result<Option<Incoming<'_>>, ProtocolError>) -> Got {
    match result {
        Ok(None) => Ok(None),
        Ok(Some(Incoming::Message(message))) => {
            Ok(Some(String::from_utf8(message.as_bytes().to_vec()).unwrap()))
        }
        Ok(Some(other)) => panic!("{other:?}"),
        Err(error) => Err(error.violation()),
    }
}

/// It has failed, with a Close that says that this end is at fault.
fn assert_mispaired<R: Role>(ws: &mut Connection<R>) {
    let error = ws.error().unwrap();
    assert_eq!(error.violation(), Violation::Mispaired);
    assert_eq!(error.close_code(), CloseCode::INTERNAL_ERROR);
    let frame = ws.poll_transmit().unwrap();
    assert_eq!(frame[0], 0x88);
    assert!(ws.is_closed() && ws.poll_transmit().is_none());
}

const KINDS: [u8; 2] = [0x01, 0x02];

#[test]
fn s5_4_two_connections_through_one_buffer_are_never_joined() {
    for kind in KINDS {
        let (mut messages, mut one, mut other) = (MessageBuffer::new(), client(), client());
        assert_eq!(receive(&mut messages, &mut one, &[kind, 3, b'o', b'n', b'e']), Ok(None));
        assert_eq!(receive(&mut messages, &mut other, &[kind, 3, b't', b'w', b'o']), Ok(None));
        let ends = b"\x80\x01.";
        assert_eq!(receive(&mut messages, &mut one, ends), Err(Violation::Mispaired));
        assert_mispaired(&mut one);
        assert_eq!(receive(&mut messages, &mut other, ends), Ok(Some("two.".to_owned())));
    }
}

#[test]
fn s5_4_buffers_that_are_swapped_inside_of_messages_hand_over_nothing() {
    for kind in KINDS {
        let (mut one, mut other) = (client(), client());
        let (mut first, mut second) = (MessageBuffer::new(), MessageBuffer::new());
        let begins = [kind, 3, b's', b'a', b'y'];
        assert_eq!(receive(&mut first, &mut one, &begins), Ok(None));
        assert_eq!(receive(&mut second, &mut other, &begins), Ok(None));
        assert_eq!(receive(&mut second, &mut one, b"\x80\x01!"), Err(Violation::Mispaired));
        assert_mispaired(&mut one);
        // The other one does not notice.
        assert_eq!(receive(&mut second, &mut other, b"\x80\x01!"), Ok(Some("say!".to_owned())));
    }
}

#[test]
fn s5_4_a_message_whose_beginning_went_elsewhere_is_not_handed_over() {
    for kind in KINDS {
        let begins = [kind, 3, b's', b'a', b'y'];
        // To the tier of chunks.
        let (mut messages, mut ws) = (MessageBuffer::new(), client());
        chunk(&mut ws, &begins);
        assert_eq!(receive(&mut messages, &mut ws, b"\x80\x01!"), Err(Violation::Mispaired));
        // There and back.
        let mut ws = client();
        assert_eq!(receive(&mut messages, &mut ws, &begins), Ok(None));
        chunk(&mut ws, b"\x00\x01!");
        assert_eq!(receive(&mut messages, &mut ws, b"\x80\x01!"), Err(Violation::Mispaired));
        // Of an earlier message of the same connection.
        let (mut ws, mut other) = (client(), MessageBuffer::new());
        assert_eq!(receive(&mut messages, &mut ws, &begins), Ok(None));
        chunk(&mut ws, b"\x80\x01!");
        assert_eq!(receive(&mut other, &mut ws, &begins), Ok(None));
        assert_eq!(receive(&mut messages, &mut ws, b"\x80\x01!"), Err(Violation::Mispaired));
    }
}

#[test]
fn s5_4_spare_room_is_lent_to_the_connection_of_its_message_alone() {
    let mut storage = [0; 64];
    let mut messages = MessageBuffer::in_slice(&mut storage);
    let (mut one, mut other) = (client(), client());
    let mut begins = *b"\x82\x05one";
    assert_eq!(got(messages.receive(&mut one, &mut &mut begins[..])), Ok(None));
    assert!(messages.spare(&mut other).is_none());
    assert_eq!(got(messages.receive_spare(&mut other, 1)), Err(Violation::Mispaired));
    assert_mispaired(&mut other);
    messages.spare(&mut one).unwrap().copy_from_slice(b"!!");
    assert_eq!(got(messages.receive_spare(&mut one, 2)), Ok(Some("one!!".to_owned())));
    // More than there is room for cannot have been read into it.
    let mut ws = client();
    assert_eq!(got(messages.receive(&mut ws, &mut &mut begins[..])), Ok(None));
    assert_eq!(got(messages.receive_spare(&mut ws, 3)), Err(Violation::Mispaired));
    assert_mispaired(&mut ws);
}

#[cfg(feature = "deflate")]
mod compressed {
    use super::common::deflate::negotiated;
    use super::*;
    use rfc6455::deflate::Inflater;

    /// RFC 7692 §7.2.3.1, and §7.2.3.2, which refers to it.
    const HELLO: &[u8] = b"\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00";
    const HELLO_AGAIN: &[u8] = b"\xC1\x05\xF2\x00\x11\x00\x00";

    fn receive(
        messages: &mut MessageBuffer<Heap>,
        inflater: &mut Inflater,
        ws: &mut Peer,
        bytes: &[u8],
    ) -> Got {
        let mut bytes = bytes.to_vec();
        got(messages.receive_inflated(inflater, ws, &mut &mut bytes[..]))
    }

    fn chunk(inflater: &mut Inflater, ws: &mut Peer, bytes: &[u8]) -> Got {
        let (mut bytes, mut out) = (bytes.to_vec(), [0; 64]);
        match inflater.receive(ws, &mut &mut bytes[..], &mut out) {
            Ok(Some(Event::Data(chunk))) => Ok(Some(String::from_utf8(chunk.to_vec()).unwrap())),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.violation()),
        }
    }

    #[test]
    fn s7_1_1_an_inflater_serves_one_connection() {
        let (mut messages, mut inflater) = (MessageBuffer::new(), negotiated(true).inflater());
        let (mut one, mut other) = (client(), client());
        let heard = receive(&mut messages, &mut inflater, &mut one, HELLO);
        assert_eq!(heard, Ok(Some("Hello".to_owned())));
        // Six bytes would come to what the first one was told.
        let heard = receive(&mut messages, &mut inflater, &mut other, HELLO_AGAIN);
        assert_eq!(heard, Err(Violation::Mispaired));
        assert_mispaired(&mut other);
        let mut third = client();
        assert_eq!(chunk(&mut inflater, &mut third, HELLO_AGAIN), Err(Violation::Mispaired));
        assert_mispaired(&mut third);
        // Whom it serves, it goes on to serve; and nobody else does.
        assert_eq!(chunk(&mut inflater, &mut one, HELLO_AGAIN), Ok(Some("Hello".to_owned())));
        let mut fresh = negotiated(true).inflater();
        assert_eq!(chunk(&mut fresh, &mut one, HELLO), Err(Violation::Mispaired));
        assert_mispaired(&mut one);
    }

    #[test]
    fn s7_1_1_inflaters_that_are_swapped_inflate_nothing() {
        let (mut one, mut other) = (client(), client());
        let (mut first, mut second) = (negotiated(true).inflater(), negotiated(true).inflater());
        for (ws, inflater) in [(&mut one, &mut first), (&mut other, &mut second)] {
            assert_eq!(chunk(inflater, ws, HELLO), Ok(Some("Hello".to_owned())));
        }
        assert_eq!(chunk(&mut second, &mut one, HELLO_AGAIN), Err(Violation::Mispaired));
        assert_eq!(chunk(&mut second, &mut other, HELLO_AGAIN), Ok(Some("Hello".to_owned())));
    }

    #[test]
    fn s7_2_2_what_is_compressed_is_never_delivered_as_it_is() {
        let mut inflater = negotiated(true).inflater();
        let mut ws = client();
        assert_eq!(chunk(&mut inflater, &mut ws, HELLO), Ok(Some("Hello".to_owned())));
        let mut bytes = HELLO_AGAIN.to_vec();
        let error = ws.receive(&mut &mut bytes[..]).unwrap_err();
        assert_eq!(error.violation(), Violation::Mispaired);
        assert_mispaired(&mut ws);

        for cut in 2..HELLO.len() {
            // Begun as it should be, and gone on with as it should not.
            let (mut inflater, mut ws) = (negotiated(true).inflater(), client());
            let mut messages = MessageBuffer::new();
            let heard = receive(&mut messages, &mut inflater, &mut ws, &HELLO[..cut]);
            assert_eq!(heard, Ok(None));
            let heard = super::receive(&mut messages, &mut ws, &HELLO[cut..]);
            assert_eq!(heard, Err(Violation::Mispaired));
            assert_mispaired(&mut ws);
        }
    }

    #[test]
    fn s7_2_2_a_message_begun_without_an_inflater_is_not_given_to_one() {
        let (mut inflater, mut ws) = (negotiated(true).inflater(), client());
        ws.allow_rsv1(true);
        super::chunk(&mut ws, &HELLO[..5]);
        assert_eq!(chunk(&mut inflater, &mut ws, &HELLO[5..]), Err(Violation::Mispaired));
        assert_mispaired(&mut ws);
    }

    #[test]
    fn s7_2_2_chunks_and_whole_messages_are_not_mixed_within_a_message() {
        let (mut inflater, mut ws) = (negotiated(true).inflater(), client());
        assert_eq!(chunk(&mut inflater, &mut ws, &HELLO[..7]), Ok(Some("Hell".to_owned())));
        let heard = receive(&mut MessageBuffer::new(), &mut inflater, &mut ws, &HELLO[7..]);
        assert_eq!(heard, Err(Violation::Mispaired));
        assert_mispaired(&mut ws);
    }

    #[test]
    fn s7_2_1_a_deflater_serves_one_connection() {
        let mut deflater = negotiated(true).deflater();
        let (mut one, mut other) = (client(), client());
        let (mut out, text) = (vec![0; 400], "long enough to be compressed, and more than that");
        let first = deflater.send(&mut one, text, &mut out).unwrap();
        out.fill(0xA5);
        let mispaired = Err(SendError::Mispaired);
        assert_eq!(deflater.send(&mut other, text, &mut out), mispaired);
        assert_eq!(negotiated(true).deflater().send(&mut one, text, &mut out), mispaired);
        assert!(out.iter().all(|byte| *byte == 0xA5));
        let second = deflater.send(&mut one, text, &mut out).unwrap();
        assert!(second < first, "it has gone on as if nothing had been");
        assert_eq!(negotiated(true).deflater().send(&mut other, text, &mut out), Ok(first));
    }

    #[test]
    fn s7_2_1_a_message_begun_with_a_deflater_ends_with_it() {
        let (mut deflater, mut ws) = (negotiated(true).deflater(), client());
        let (mut out, whole) = (vec![0; 400], Fragment::from("in fragments "));
        deflater.send(&mut ws, whole.first(), &mut out).unwrap();
        let kind = FrameKind::whole(MessageKind::Text);
        assert_eq!(ws.send(whole.last(), &mut out), Err(SendError::Mispaired));
        assert_eq!(ws.begin_frame(kind.last(), 1).unwrap_err(), SendError::Mispaired);
        assert_eq!(ws.send("whole", &mut out), Err(SendError::MessageOpen));
        assert!(deflater.send(&mut ws, whole.last(), &mut out).is_ok());
        assert!(ws.send("whole", &mut out).is_ok());
    }
}
