//! Every vector of `testdata/frames`: whole, byte by byte, cut in two anywhere, with bytes behind
//! it, at both ends, and against the oracle.
#![allow(clippy::similar_names)]

use crate::common;

use common::driver::{self, Keys, Run, cut, run_to_the_end, run_to_the_end_as};
use common::oracle::{self, Seen, see};
use common::vectors::{self, Vector};
use common::wire::{self, Frame};
use rfc6455::AnyRole;

/// Cuts beyond these are taken at a stride, in inputs that are longer.
const EVERY_CUT_BELOW: usize = 700;

fn plain(frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(|frame| Frame::new(frame.first, &frame.payload).bytes()).collect()
}

/// Holds a run to what the vector says, rule by name and byte.
fn assert_as_expected(vector: &Vector, run: &Run, at: &[usize]) {
    assert_eq!(run.events, vector.events);
    let fails = vector.fails.as_ref().map(|(rule, byte, code)| (rule.clone(), at[*byte], *code));
    let failed = run.error.map(|error| {
        let at = usize::try_from(error.offset()).unwrap();
        (format!("{:?}", error.violation()), at, error.close_code().get())
    });
    assert_eq!(failed, fails);
    assert_eq!(plain(&run.sent), vector.sends);
}

fn each(check: impl Fn(&Vector, bool)) {
    let vectors = vectors::all();
    assert!(vectors.len() > 100, "the vectors were not found");
    let mut wrong = Vec::new();
    for vector in &vectors {
        for server in &vector.roles {
            let check = || check(vector, *server);
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).is_err() {
                wrong.push(format!("{}, server: {server}: {}", vector.name, vector.shows));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_vector_is_described() {
    let vectors = vectors::all();
    for vector in &vectors {
        assert!(!vector.shows.is_empty(), "{}", vector.name);
        assert_eq!(vectors.iter().filter(|other| other.name == vector.name).count(), 1);
    }
}

#[test]
fn every_vector_in_one_piece() {
    each(|vector, server| {
        let wire = vector.wire(server);
        let run = run_to_the_end(&vector.setting(server), [&wire.bytes[..]]);
        assert_as_expected(vector, &run, &wire.at);
    });
}

#[test]
fn every_vector_in_a_role_that_was_chosen_at_run_time() {
    each(|vector, server| {
        let role = if server { AnyRole::Server } else { AnyRole::client(Keys(7)) };
        let wire = vector.wire(server);
        let run = run_to_the_end_as(role, &vector.setting(server), [&wire.bytes[..]]);
        assert_as_expected(vector, &run, &wire.at);
        assert!(run.sent.iter().all(|frame| frame.key.is_none() == server));
    });
}

#[test]
fn every_vector_agrees_with_the_oracle() {
    each(|vector, server| {
        let wire = vector.wire(server);
        let setting = vector.setting(server);
        let outcome = oracle::decode(&wire.bytes, &setting);
        driver::assert_agrees(&driver::run(&setting, [&wire.bytes[..]]), &outcome, &setting);
    });
}

#[test]
fn every_vector_byte_by_byte() {
    each(|vector, server| {
        let wire = vector.wire(server);
        let run = run_to_the_end(&vector.setting(server), wire.bytes.chunks(1));
        assert_as_expected(vector, &run, &wire.at);
    });
}

#[test]
fn every_vector_cut_in_two_anywhere() {
    each(|vector, server| {
        let wire = vector.wire(server);
        let len = wire.bytes.len();
        // The borders of headers are near the ends of long inputs, or at odd places in them.
        let stride = if len < EVERY_CUT_BELOW { 1 } else { (len / 61) | 1 };
        let ends = (0..=len).filter(|at| *at < 40 || *at + 40 > len || at % stride == 0);
        for at in ends {
            let run = driver::run(&vector.setting(server), cut(&wire.bytes, &[at]));
            assert_as_expected(vector, &run, &wire.at);
        }
    });
}

#[test]
fn every_vector_with_bytes_behind_it() {
    each(|vector, server| {
        let mut vector = vector.clone();
        let over = vector.fails.is_some() || matches!(vector.events.last(), Some(Seen::Close(_)));
        if over {
            // What comes after the end is nobody's business, be it a frame or not.
            let wire = vector.wire(server);
            for behind in [&b"\x81\x01x"[..], &[0xFF; 20], &[0; 300]] {
                let bytes = [&wire.bytes, behind].concat();
                for pieces in [cut(&bytes, &[]), cut(&bytes, &[wire.bytes.len()])] {
                    let run = run_to_the_end(&vector.setting(server), pieces);
                    assert_as_expected(&vector, &run, &wire.at);
                }
            }
        } else if wire::ends_between_frames(&vector.input)
            && vector.limits.max_control_frames > 1000
        {
            vector.input.extend(b"\x89\x04next");
            see(&mut vector.events, Seen::Ping(b"next".to_vec()));
            vector.sends.extend(b"\x8A\x04next");
            let wire = vector.wire(server);
            let run = run_to_the_end(&vector.setting(server), [&wire.bytes[..]]);
            assert_as_expected(&vector, &run, &wire.at);
        }
    });
}

#[test]
fn a_vector_without_a_section_is_refused() {
    for section in ["5", "10.4", "7.2.3.1", "RFC 7692 7.2.2"] {
        assert_eq!(vectors::parse(&format!("[a]\nsection: {section}\n")).len(), 1);
    }
    for section in ["", "section:", "section: 0", "section: 5.", "section: RFC 7692", "section: x"]
    {
        let text = format!("[a]\nsection: 5\n[b]\n{section}\n");
        assert!(std::panic::catch_unwind(|| vectors::parse(&text)).is_err(), "{section}");
    }
}

#[test]
fn the_notation_of_bytes_is_read_as_the_readme_says() {
    assert_eq!(vectors::bytes(r#"81 05 "Hello""#), b"\x81\x05Hello");
    assert_eq!(vectors::bytes("00FF*2 (01 \"a\"*2)*2 "), b"\x00\xFF\x00\xFF\x01aa\x01aa");
    assert_eq!(vectors::bytes(""), b"");
}
