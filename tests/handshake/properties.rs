//! Properties of the opening handshake over arbitrary bytes, and over arbitrary cuts.

use crate::common;

use common::driver::cut;
use common::handshake;
use common::heads::{Case, Outcome, Role, vectors};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rfc6455::handshake::{
    Acceptance, ClientHandshake, Extensions, HandshakeLimits, HttpVersion, Leniency, Offer,
    Rejection, Request, ServerHandshake,
};

/// One verdict for the bytes whole, in pieces, and byte by byte.
fn same_however_cut(case: &Case, cuts: &[Index]) -> Outcome {
    let cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(case.bytes.len() + 1)).collect();
    handshake::one_verdict(case, case.bytes.chunks(1));
    handshake::one_verdict(case, cut(&case.bytes, &cuts))
}

fn all_vectors(role: Role) -> Vec<Case> {
    let files: &[&str] = match role {
        Role::Server => {
            &["server-upgrade.txt", "server-lists.txt", "server-head.txt", "server-limits.txt"]
        }
        Role::Client => &["client.txt"],
    };
    files.iter().flat_map(|file| vectors(file)).collect()
}

/// Bytes that are often nearly a head: a vector with some of its bytes changed, left out, doubled.
fn nearly_a_head(role: Role) -> impl Strategy<Value = Case> {
    let cases = all_vectors(role);
    let byte = prop_oneof![any::<u8>(), select(&b"\r\n\t :,;=\"\\/\0\x7f"[..])];
    (select(cases), vec((any::<Index>(), 0..4u8, byte), 0..4)).prop_map(|(mut case, edits)| {
        for (at, edit, byte) in edits {
            let at = at.index(case.bytes.len() + 1);
            match edit {
                0 => case.bytes.insert(at, byte),
                _ if at == case.bytes.len() => {}
                1 => case.bytes[at] = byte,
                2 => drop(case.bytes.remove(at)),
                _ => case.bytes.truncate(at),
            }
        }
        case
    })
}

const TOKEN: &str = "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}";
const NAME: &str = "x-[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}";
const VALUE: &str = "([!-~\u{a1}-\u{ff}]([ \t!-~\u{a1}-\u{ff}]{0,20}[!-~])?)?";
const HOST: &str = "([a-z0-9.-]{1,20}|\\[[0-9a-f:]{2,20}\\])(:[0-9]{0,5})?";
const TARGET: &str = "/[!\"$-~]{0,30}";
const EXTENSIONS: &str =
    "[a-z]{1,8}([ \t]?; ?[a-z]{1,8}( ?= ?([a-z0-9]{1,8}|\"[a-z0-9]{1,8}\"))?){0,3}";

/// Interim responses and a final one, each with a few headers; sometimes truncated.
fn responses() -> impl Strategy<Value = Vec<u8>> {
    let head = |status| {
        (status, vec((NAME, VALUE), 0..4)).prop_map(|(status, headers)| {
            let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
            let lines: String = lines.collect();
            format!("HTTP/1.1 {status} Reason\r\n{lines}\r\n").into_bytes()
        })
    };
    let heads = (vec(head(102..=199u16), 0..6), head(101..=299u16));
    (heads, option::of(any::<Index>())).prop_map(|((mut heads, last), end)| {
        heads.push(last);
        let mut bytes = heads.concat();
        if let Some(end) = end {
            bytes.truncate(end.index(bytes.len()));
        }
        bytes
    })
}

/// Headers that are the caller's to set; those reserved all begin with other letters.
fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    vec((NAME, VALUE), 0..6)
}

fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The headers that begin with `x-`, which only the caller sets.
fn own<'h>(headers: impl IntoIterator<Item = (&'h str, &'h [u8])>) -> Vec<(String, String)> {
    let own = headers.into_iter().filter(|(name, _)| name.starts_with("x-"));
    own.map(|(name, value)| (name.to_string(), String::from_utf8(value.to_vec()).unwrap()))
        .collect()
}

#[test]
fn every_vector_is_refused_at_its_first_impossible_byte() {
    for case in [Role::Server, Role::Client].into_iter().flat_map(all_vectors) {
        println!("{}", case.name); // shown if it fails
        handshake::the_first_impossible_byte_is_refused(&case);
    }
}

/// Puts every spelling of an origin against every other: a server allows those in the same row.
#[test]
fn s10_2_an_origin_without_a_host_is_allowed_by_its_exact_name_only() {
    let rows: [&[&str]; 6] = [
        &["null"],
        &["file://"],
        &["file://localhost", "FILE://LOCALHOST"],
        &["https://example.com", "HTTPS://example.com:443"],
        &["https://null", "https://NULL"],
        // None of these is an origin.
        &[
            "Null",
            "NULL",
            "null://",
            "null, null",
            "null file://",
            "null/",
            "\"null\"",
            "file:///",
            "FILE://",
            "file:",
            "file",
            "*",
            "://",
            "",
            "https://",
        ],
    ];
    let spellings = || {
        let rows = rows.iter().enumerate();
        rows.flat_map(|(row, spellings)| spellings.iter().map(move |spelling| (row, *spelling)))
    };
    for (row, origin) in spellings() {
        let headers = [
            ("host", &b"a"[..]),
            ("upgrade", b"websocket"),
            ("connection", b"upgrade"),
            ("sec-websocket-version", b"13"),
            ("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
            ("origin", origin.as_bytes()),
        ];
        let request = Request::from_parts("GET", "/", HttpVersion::Http11, &headers);
        let upgrade = request.upgrade().unwrap();
        for (other, allowed) in spellings() {
            let same = row == other && row < 5;
            assert_eq!(upgrade.origin_is(allowed), same, "{origin} and {allowed}");
            assert_eq!(upgrade.require_origin(&["*", allowed]).is_ok(), same);
        }
    }
}

/// The properties of any head, and of one that an independent parser can read.
fn every_property_holds(case: &Case, cuts: &[Index]) {
    let whole = same_however_cut(case, cuts);
    handshake::an_independent_parser_agrees(case, &whole);
    handshake::limits_hold_over_everything(case, &whole);
    handshake::the_first_impossible_byte_is_refused(case);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_have_one_verdict_however_cut(
        bytes in vec(any::<u8>(), 0..300),
        cuts in vec(any::<Index>(), 0..6),
        storage in 0..400usize,
        client in any::<bool>(),
    ) {
        let role = if client { Role::Client } else { Role::Server };
        let case = Case { storage, ..Case::new(role, &bytes) };
        let whole = same_however_cut(&case, &cuts);
        handshake::limits_hold_over_everything(&case, &whole);
        handshake::the_first_impossible_byte_is_refused(&case);
    }

    #[test]
    fn what_is_nearly_a_request_has_one_verdict_however_cut(
        case in nearly_a_head(Role::Server),
        cuts in vec(any::<Index>(), 0..6),
    ) {
        every_property_holds(&case, &cuts);
    }

    #[test]
    fn what_is_nearly_a_response_has_one_verdict_however_cut(
        case in nearly_a_head(Role::Client),
        cuts in vec(any::<Index>(), 0..6),
    ) {
        every_property_holds(&case, &cuts);
    }

    #[test]
    fn a_lenient_client_takes_only_what_it_names(
        case in nearly_a_head(Role::Client),
        empty in any::<bool>(),
        missing in any::<bool>(),
    ) {
        let leniency = Leniency::NONE.empty_subprotocol(empty).missing_reason_space(missing);
        handshake::leniency_tolerates_nothing_else(&case, leniency);
        let case = Case { leniency, ..case };
        handshake::the_first_impossible_byte_is_refused(&case);
    }

    #[test]
    fn any_head_has_one_verdict(bytes in vec(any::<u8>(), 0..100)) {
        handshake::any_request(&bytes);
        handshake::any_response(&bytes);
    }

    #[test]
    fn the_limits_hold_over_all_interim_responses_together(
        choices in any::<[u8; 8]>(),
        stream in responses(),
    ) {
        handshake::any_response(&[&choices[..], &stream].concat());
    }

    #[test]
    fn a_request_reads_as_it_was_meant_and_so_does_its_answer(
        nonce in any::<[u8; 16]>(),
        host in HOST,
        target in TARGET,
        subprotocols in proptest::collection::btree_set(TOKEN, 0..5),
        extensions in option::of(vec(EXTENSIONS, 1..4)),
        origin in option::of("(https?://[a-z.]{1,12}(:[0-9]{1,4})?|null)"),
        sent in headers(),
        answered in headers(),
        choice in any::<Index>(),
    ) {
        let offered: Vec<&str> = subprotocols.iter().map(String::as_str).collect();
        let extensions = extensions.map(|list| list.join(", "));
        let headers = borrowed(&sent);
        let offer = Offer::new(&host, &target)
            .subprotocols(&offered)
            .extensions(extensions.as_deref())
            .origin(origin.as_deref())
            .headers(&headers);
        let (mut storage, mut client_storage) = ([0; 4096], [0; 4096]);
        let limits = HandshakeLimits::DEFAULT;
        let mut client = ClientHandshake::new(offer, nonce, &mut client_storage, limits).unwrap();
        let mut wire = [0; 4096];
        let len = client.write_request(&mut wire).unwrap();

        let mut server = ServerHandshake::new(&mut storage, limits);
        let mut input = &mut wire[..len];
        let request = server.receive(&mut input).unwrap().unwrap();
        prop_assert!(input.is_empty());
        prop_assert_eq!(request.target(), &target);
        prop_assert_eq!(request.host(), Some(&host[..]));
        prop_assert_eq!(request.origin(), origin.as_deref().map(str::as_bytes));
        prop_assert_eq!(own(request.headers()), &sent[..]);
        let upgrade = request.upgrade().unwrap();
        prop_assert!(upgrade.subprotocols().eq(offered.iter().copied()));
        prop_assert_eq!(upgrade.extensions().count(), extensions.as_deref().map_or(0, |value| {
            Extensions::parse(value.as_bytes()).unwrap().count()
        }));

        let subprotocol = (!offered.is_empty()).then(|| offered[choice.index(offered.len())]);
        let chosen = upgrade.extensions().next().map(|extension| extension.name());
        let headers = borrowed(&answered);
        let acceptance =
            Acceptance::DEFAULT.subprotocol(subprotocol).extensions(chosen).headers(&headers);
        let mut wire = [0; 4096];
        let len = upgrade.accept(&acceptance, &mut wire).unwrap();
        let mut input = &mut wire[..len];
        let response = client.receive(&mut input).unwrap().unwrap();
        prop_assert!(input.is_empty());
        prop_assert_eq!(own(response.headers()), answered);
        let established = response.upgrade().unwrap();
        prop_assert_eq!(established.response().status(), 101);
        prop_assert_eq!(established.subprotocol(), subprotocol);
        prop_assert!(established.extensions().map(|extension| extension.name()).eq(chosen));
    }

    #[test]
    fn a_rejection_reads_as_it_was_meant(
        status in 200..=599u16,
        sent in headers(),
        body in vec(any::<u8>(), 0..50),
    ) {
        prop_assume!(!matches!(status, 204 | 205 | 304));
        let mut wire = [0; 1024];
        let headers = borrowed(&sent);
        let rejection = Rejection::new(status).headers(&headers).body(&body);
        let len = rejection.write(&mut wire).unwrap();
        let mut storage = [0; 1024];
        let offer = Offer::new("a", "/");
        let mut client =
            ClientHandshake::new(offer, [0; 16], &mut storage, HandshakeLimits::DEFAULT).unwrap();
        let mut input = &mut wire[..len];
        let response = client.receive(&mut input).unwrap().unwrap();
        prop_assert_eq!(response.status(), status);
        prop_assert_eq!(own(response.headers()), sent);
        let length = body.len().to_string();
        prop_assert_eq!(response.header("content-length"), Some(length.as_bytes()));
        prop_assert!(response.upgrade().is_err());
        prop_assert_eq!(input, &body);
    }

    #[test]
    fn what_is_taken_for_output_never_changes_the_shape_of_a_head(
        name in "[ -~\r\n\t\0é]{0,8}",
        value in "[ -~\r\n\t\0é]{0,12}",
        host in "[ -~\r\n\t\0é]{1,8}",
        target in "/[ -~\r\n\t\0é]{0,8}",
    ) {
        let headers = [(name.as_str(), value.as_str())];
        let offer = Offer::new(&host, &target).headers(&headers);
        let Ok(client) = ClientHandshake::new(offer, [0; 16], &mut [], HandshakeLimits::DEFAULT)
        else { return Ok(()) };
        let mut wire = [0; 1024];
        let len = client.write_request(&mut wire).unwrap();
        let mut parsed = [httparse::EMPTY_HEADER; 16];
        let mut request = httparse::Request::new(&mut parsed);
        prop_assert_eq!(request.parse(&wire[..len]).unwrap().unwrap(), len);
        prop_assert_eq!(request.path, Some(&target[..]));
        let [.., last] = &*request.headers else { panic!("there are headers") };
        prop_assert_eq!((last.name, last.value), (&name[..], value.as_bytes()));
        prop_assert_eq!(request.headers.len(), 6);
    }

    #[test]
    fn s9_1_extensions_are_read_by_the_grammar(value in "[a-c,;= \t\"\\\\é]{0,24}") {
        handshake::extensions_are_read_by_the_grammar(value.as_bytes());
    }

    #[test]
    fn s9_1_parameters_of_compression_are_read_by_the_grammar(
        params in vec(
            "; ?(server|client)_(no_context_takeover|max_window_bits)( ?= ?\"?[01]?[0-9]\"?)?",
            0..4,
        ),
    ) {
        let value = format!("permessage-deflate{}", params.concat());
        handshake::extensions_are_read_by_the_grammar(value.as_bytes());
    }
}
