//! Negotiation of permessage-deflate (RFC 7692 §7), to the letter.

use crate::common;

use common::deflate::{agree, read};
use rfc6455::deflate::{Config, Params};

const NAMES: [&str; 4] = [
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
];

#[test]
fn s7_1_2_window_bits_are_8_to_15_without_leading_zero() {
    let numbers: Vec<String> = (0..300).map(|number| number.to_string()).collect();
    let odd = ["", "08", "09", "010", "015", "+9", "-9", " 9", "9 ", "9.0", "0x9", "1e1", "٩", "1"];
    for value in numbers.iter().map(String::as_str).chain(odd) {
        for name in [NAMES[2], NAMES[3]] {
            let params = Params::parse([(name, Some(value.bytes()))]);
            let valid = ["8", "9", "10", "11", "12", "13", "14", "15"].contains(&value);
            assert_eq!(params.is_some(), valid, "{name}={value}");
            let Some(params) = params else { continue };
            let bits = Some(value.parse::<u8>().unwrap());
            let read = [params.server_max_window_bits, params.client_max_window_bits.flatten()];
            assert_eq!(read, if name == NAMES[2] { [bits, None] } else { [None, bits] });
        }
    }
}

#[test]
fn s7_unknown_parameters_duplicates_and_missing_or_needless_values() {
    for value in [None, Some("10"), Some("")] {
        for name in ["x", "", "Server_no_context_takeover", "server_max_window_bit", "client"] {
            assert_eq!(Params::parse([(name, value.map(str::bytes))]), None);
        }
        for (name, valid) in NAMES.into_iter().zip([
            value.is_none(),
            value.is_none(),
            value == Some("10"),
            value != Some(""),
        ]) {
            let param = (name, value.map(str::bytes));
            assert_eq!(Params::parse([param.clone()]).is_some(), valid, "{name} {value:?}");
            assert_eq!(Params::parse([param.clone(), param.clone()]), None, "{name} twice");
            for other in NAMES.into_iter().filter(|other| *other != name) {
                let value = other.ends_with("bits").then(|| "12".bytes());
                let three = [param.clone(), (other, value), param.clone()];
                assert_eq!(Params::parse(three), None);
            }
        }
    }
    let differing = [(NAMES[3], None), (NAMES[3], Some("10".bytes()))];
    assert_eq!(Params::parse(differing), None, "twice, with and without value");
}

/// All lists of parameters.
fn all_params() -> impl Iterator<Item = Params> {
    let bits = || (7..16).map(|bits: u8| (bits > 7).then_some(bits));
    let client = move || bits().map(Some).chain([None]);
    [false, true].into_iter().flat_map(move |server_no_context_takeover| {
        [false, true].into_iter().flat_map(move |client_no_context_takeover| {
            bits().flat_map(move |server_max_window_bits| {
                client().map(move |client_max_window_bits| Params {
                    server_no_context_takeover,
                    client_no_context_takeover,
                    server_max_window_bits,
                    client_max_window_bits,
                })
            })
        })
    })
}

fn all_configs() -> impl Iterator<Item = (Config, [u8; 2], [bool; 2])> {
    (9..16).flat_map(|send| {
        (8..16).flat_map(move |receive| {
            [[false, false], [false, true], [true, false], [true, true]].map(|takeover| {
                let config = Config::DEFAULT
                    .send_window(send)
                    .receive_window(receive)
                    .send_takeover(takeover[0])
                    .receive_takeover(takeover[1]);
                (config, [send, receive], takeover)
            })
        })
    })
}

#[test]
fn s7_1_every_offer_to_every_server() {
    let mut count = 0;
    for (config, [send, receive], [send_takeover, receive_takeover]) in all_configs() {
        for offer in all_params() {
            count += 1;
            let Some(negotiated) = config.accept(offer) else {
                assert_eq!(offer.server_max_window_bits, Some(8), "zlib cannot: declined");
                continue;
            };
            let answer = read(&negotiated.response()).expect("we understand ourselves");
            // §7.1.1.1, §7.1.2.1: what is demanded of the server is answered.
            assert!(!offer.server_no_context_takeover || answer.server_no_context_takeover);
            let window = send.min(offer.server_max_window_bits.unwrap_or(15));
            let said = offer.server_max_window_bits.is_some() || send < 15;
            assert_eq!(answer.server_max_window_bits, said.then_some(window));
            assert_eq!(negotiated.send_window(), window);
            assert!((9..=15).contains(&window));
            let keeps = send_takeover && !offer.server_no_context_takeover;
            assert_eq!(
                (negotiated.send_takeover(), answer.server_no_context_takeover),
                (keeps, !keeps)
            );
            // §7.1.2.2: what was not offered is not answered, and a number is.
            match (offer.client_max_window_bits, answer.client_max_window_bits) {
                (None, Some(_)) | (_, Some(None)) => panic!("{answer:?} to {offer:?}"),
                (Some(hint), Some(Some(bits))) => {
                    assert!(bits <= hint.unwrap_or(15) && bits <= receive);
                    assert_eq!(negotiated.receive_window(), bits);
                }
                (_, None) => assert_eq!(negotiated.receive_window(), 15),
            }
            // §7.1.1.2
            let keeps = receive_takeover && !offer.client_no_context_takeover;
            assert_eq!(negotiated.receive_takeover(), keeps);
            assert_eq!(answer.client_no_context_takeover, !keeps);
        }
    }
    assert_eq!(count, 7 * 8 * 4 * 2 * 2 * 9 * 10);
}

#[test]
fn s7_1_a_server_can_answer_with_nothing_that_was_not_offered() {
    for (config, [send, _], [send_takeover, _]) in all_configs() {
        let config = config.only_offered(true);
        for offer in all_params() {
            let Some(negotiated) = config.accept(offer) else { continue };
            let answer = read(&negotiated.response()).expect("we understand ourselves");
            assert_eq!(
                answer.server_max_window_bits.is_some(),
                offer.server_max_window_bits.is_some()
            );
            assert_eq!(answer.server_no_context_takeover, offer.server_no_context_takeover);
            assert_eq!(answer.client_no_context_takeover, offer.client_no_context_takeover);
            assert!(
                offer.client_max_window_bits.is_some() || answer.client_max_window_bits.is_none()
            );
            // The server keeps to its own settings silently, and the client to what was said.
            let window = send.min(offer.server_max_window_bits.unwrap_or(15));
            assert_eq!(negotiated.send_window(), window);
            let resets = offer.server_no_context_takeover || !send_takeover;
            assert_eq!(negotiated.send_takeover(), !resets);
            assert_eq!(negotiated.receive_takeover(), !offer.client_no_context_takeover);
        }
    }
}

#[test]
fn s7_1_every_answer_to_every_client() {
    for (config, [send, receive], [send_takeover, receive_takeover]) in all_configs() {
        for answer in all_params() {
            let numbered = answer.client_max_window_bits != Some(None);
            let within =
                receive == 15 || answer.server_max_window_bits.is_some_and(|bits| bits <= receive);
            let resets = receive_takeover || answer.server_no_context_takeover;
            assert_eq!(config.confirm(answer).is_some(), numbered);
            let strict = config.fallback(false).confirm(answer);
            assert_eq!(strict.is_some(), numbered && within && resets, "{answer:?} to {config:?}");
            let Some(negotiated) = config.confirm(answer) else { continue };
            let limit = answer.client_max_window_bits.flatten().unwrap_or(15);
            assert_eq!(negotiated.send_window(), send.min(limit));
            assert_eq!(negotiated.receive_window(), answer.server_max_window_bits.unwrap_or(15));
            let keeps = send_takeover && !answer.client_no_context_takeover;
            assert_eq!(negotiated.send_takeover(), keeps);
            assert_eq!(negotiated.receive_takeover(), !answer.server_no_context_takeover);
        }
    }
}

#[test]
fn s5_1_an_offer_that_asks_for_something_has_a_fallback() {
    for (config, [send, receive], [send_takeover, receive_takeover]) in all_configs() {
        let text = config.offer();
        let offers: Vec<_> = text.split(", ").map(|offer| read(offer).unwrap()).collect();
        let asks = receive < 15 || !receive_takeover;
        assert_eq!(offers.len(), if asks { 2 } else { 1 });
        assert_eq!(config.fallback(false).offer().split(", ").count(), 1);
        assert_eq!(offers[0].server_max_window_bits, (receive < 15).then_some(receive));
        assert_eq!(offers[0].server_no_context_takeover, !receive_takeover);
        for offer in &offers {
            assert_eq!(offer.client_max_window_bits, Some((send < 15).then_some(send)));
            assert_eq!(offer.client_no_context_takeover, !send_takeover);
        }
        let last = offers.last().unwrap();
        assert!(last.server_max_window_bits.is_none_or(|_| !asks));
        assert!(!last.server_no_context_takeover || !asks);
    }
}

#[test]
fn s7_2_1_no_config_has_a_window_beyond_its_bounds() {
    for bits in 0..=u8::MAX {
        let config = Config::DEFAULT.send_window(bits).receive_window(bits).fallback(false);
        let negotiated = config.accept(Params::default()).unwrap();
        assert_eq!(negotiated.send_window(), bits.clamp(9, 15));
        let offer = read(&config.offer()).expect("an offer is valid, whatever it was made of");
        assert_eq!(offer.server_max_window_bits, (bits < 15).then_some(bits.max(8)));
        assert_eq!(offer.client_max_window_bits.flatten(), (bits < 15).then_some(bits.max(9)));
    }
}

#[test]
fn s7_1_2_2_a_window_of_8_that_a_server_asks_a_client_for_is_kept_to() {
    let answer = Params { client_max_window_bits: Some(Some(8)), ..Params::default() };
    let negotiated = Config::DEFAULT.threshold(0).confirm(answer).unwrap();
    assert_eq!(negotiated.send_window(), 8);
    let limits = rfc6455::Limits::DEFAULT;
    let mut ws = common::deflate::client(limits, &negotiated, common::deflate::WHOLE);
    // Repeated beyond 256 bytes, and within: both would be references for a larger window.
    let unit: Vec<u8> = (0..250_u32).map(|i| (i * i / 8).to_le_bytes()[0]).collect();
    let message = [&unit[..], &[b'z'; 90], &unit, &unit].concat();
    ws.send(&message[..]).unwrap();
    let frame = common::wire::frames(ws.transmit()).remove(0);
    assert!(frame.payload.len() > 600, "no reference but to the byte before");
    let mut oracle = common::deflate::Oracle::new(true);
    assert_eq!(oracle.inflate(&frame.payload), Some(message));
}

#[test]
fn what_two_configs_agree_to_both_ends_see_alike() {
    for (of_client, ..) in all_configs().step_by(3) {
        for (of_server, ..) in all_configs().step_by(5) {
            if of_client.offer().contains("server_max_window_bits=8") {
                continue;
            }
            let (client, server) = agree(&of_client, &of_server);
            assert_eq!(client.receive_window(), server.send_window());
            assert!(client.send_window() <= server.receive_window());
            assert_eq!(client.send_takeover(), server.receive_takeover());
            assert_eq!(client.receive_takeover(), server.send_takeover());
        }
    }
}

#[cfg(feature = "handshake")]
mod handshake {
    use std::path::Path;

    use super::common::vectors::is_section;
    use rfc6455::deflate::Config;
    use rfc6455::handshake::{
        Acceptance, ClientHandshake, HandshakeError, HandshakeLimits, Offer, ServerHandshake,
    };

    /// The server's answer to these offers.
    fn answer(config: &Config, offers: &str) -> Option<String> {
        let mut request = format!(
            "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             {offers}\r\n"
        )
        .into_bytes();
        let mut storage = [0; 2048];
        let mut handshake = ServerHandshake::new(&mut storage, HandshakeLimits::DEFAULT);
        let request = handshake.receive(&mut &mut request[..]).unwrap().unwrap();
        let upgrade = request.upgrade().unwrap();
        let negotiated = config.accept_offer(&upgrade)?;
        let extensions = negotiated.response();
        let acceptance = Acceptance::DEFAULT.extensions(Some(&extensions));
        upgrade.accept(&acceptance, &mut [0; 512]).expect("it was offered");
        Some(extensions.to_string())
    }

    #[derive(Default)]
    struct Vector {
        name: String,
        section: String,
        /// Lines of the header that a client sends, and what is answered; or what a server sends,
        /// and the client's verdict.
        lines: String,
        by_client: bool,
        expected: String,
    }

    /// The vectors of testdata/deflate/negotiation.txt.
    fn vectors() -> Vec<Vector> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/deflate/negotiation.txt");
        let mut vectors: Vec<Vector> = Vec::new();
        for line in std::fs::read_to_string(path).unwrap().lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                vectors.push(Vector { name: name.to_owned(), ..Vector::default() });
            } else if let Some((key, value)) = line.split_once(':') {
                let (vector, value) = (vectors.last_mut().unwrap(), value.trim());
                match key {
                    "section" => vector.section = value.to_owned(),
                    "shows" => {}
                    "offer" | "response" => {
                        vector.by_client = key == "offer";
                        if !value.is_empty() {
                            vector.lines.extend(["Sec-WebSocket-Extensions: ", value, "\r\n"]);
                        }
                    }
                    "answer" | "verdict" => vector.expected = value.to_owned(),
                    _ => panic!("{line}"),
                }
            }
        }
        for Vector { name, section, expected, .. } in &vectors {
            assert!(is_section(section), "{name}: {section:?} is no section");
            assert!(!expected.is_empty(), "{name}: nothing is expected");
        }
        vectors
    }

    #[test]
    fn s5_every_offer_of_the_vectors_has_its_answer() {
        let vectors: Vec<_> = vectors().into_iter().filter(|vector| vector.by_client).collect();
        assert!(vectors.len() > 15, "the vectors were not found");
        for Vector { name, lines, expected, .. } in vectors {
            let answer = answer(&Config::DEFAULT, &lines);
            assert_eq!(answer.as_deref().unwrap_or("none"), expected, "{name}");
        }
    }

    /// Whether compression is agreed to, after this answer to this config's offer.
    fn confirmed(config: &Config, answer: &str) -> Result<bool, HandshakeError> {
        let text = config.offer();
        let offer = Offer::new("h", "/").extensions(Some(&text));
        let mut storage = [0; 2048];
        let mut handshake = ClientHandshake::new(
            offer,
            *b"the sample nonce",
            &mut storage,
            HandshakeLimits::DEFAULT,
        )
        .expect("an offer conforms to the grammar");
        let mut response = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{answer}\r\n"
        )
        .into_bytes();
        let response = handshake.receive(&mut &mut response[..])?.unwrap();
        Ok(config.confirm_response(&response.upgrade()?)?.is_some())
    }

    #[test]
    fn s7_every_response_of_the_vectors_has_its_verdict() {
        let vectors: Vec<_> = vectors().into_iter().filter(|vector| !vector.by_client).collect();
        assert!(vectors.len() > 10, "the vectors were not found");
        for Vector { name, lines, expected, .. } in vectors {
            let verdict = match confirmed(&Config::DEFAULT, &lines) {
                Ok(agreed) => if agreed { "agreed" } else { "none" }.to_owned(),
                Err(error) => format!("{error:?}"),
            };
            assert_eq!(verdict, expected, "{name}");
        }
        assert_eq!(HandshakeError::UnacceptableExtensionParams.status(), 502);
    }
}
