//! Drives both sides of the opening handshake.

use core::hint::black_box;

use rfc6455::handshake::{
    Acceptance, ClientHandshake, ClientRequest, Extensions, HandshakeLimits, Headers, HttpVersion,
    Leniency, Offer, Rejection, Request, Response, ServerHandshake, accept_key,
};

use crate::unknown;

/// Makes the optimiser believe that this is used.
fn keep<T>(value: T) {
    black_box(value);
}

pub fn drive(bytes: &mut [u8], out: &mut [u8]) {
    let mut storage = [0; 512];
    server(bytes, out, unknown(&mut storage[..]));
    client(bytes, out, unknown(&mut storage[..]));
    keep(accept_key(bytes));
    if let Ok(extensions) = Extensions::parse(bytes) {
        for extension in extensions {
            keep(extension.name());
            for param in extension.params() {
                keep((param.name(), param.value().is_some_and(|value| value == *"10")));
            }
        }
    }
    let headers = [(unknown("name"), unknown("value"))];
    let rejection = Rejection::new(unknown(401)).headers(&headers).body(bytes);
    keep(rejection.write(out));
    if let Ok(head) = rejection.head(unknown(HttpVersion::Http2)) {
        head.headers().for_each(|header| keep(header));
    }
}

fn server(bytes: &mut [u8], out: &mut [u8], storage: &mut [u8]) {
    let mut handshake = ServerHandshake::new(storage, unknown(HandshakeLimits::DEFAULT));
    let mut input = bytes;
    match handshake.receive(&mut input) {
        Ok(Some(request)) => accept(&request, out),
        Ok(None) => {}
        Err(error) => keep((error.response(), error.status())),
    }
    let pairs = [(unknown("host"), unknown(&b"a"[..]))];
    let (method, target) = (unknown("GET"), unknown("/"));
    let version = unknown(HttpVersion::Http11);
    accept(&Request::from_parts(method, target, version, Headers::from(&pairs)), out);
    keep((handshake.storage().len(), handshake.into_storage()));
}

fn accept(request: &Request<'_>, out: &mut [u8]) {
    keep((request.path(), request.query(), request.host(), request.origin()));
    keep((request.header(unknown("name")), request.pseudo_headers()));
    request.cookies().for_each(|cookie| keep(cookie));
    let Ok(upgrade) = request.upgrade() else { return };
    upgrade.extensions().for_each(|extension| keep(extension.name()));
    let chosen = upgrade.choose_subprotocol(unknown(&["chat"]));
    keep(upgrade.require_origin(unknown(&["https://example.com"])));
    let headers = [(unknown("name"), unknown("value"))];
    let acceptance = Acceptance::DEFAULT.subprotocol(chosen).headers(&headers);
    let acceptance = acceptance.extensions(unknown(None));
    keep(upgrade.accept(&acceptance, out));
    if let Ok(head) = upgrade.accept_head(&acceptance) {
        head.headers().for_each(|header| keep(header));
    }
}

fn client(bytes: &mut [u8], out: &mut [u8], storage: &mut [u8]) {
    let subprotocols = [unknown("chat")];
    let headers = [(unknown("name"), unknown("value"))];
    let offer = Offer::new(unknown("example.com"), unknown("/")).subprotocols(&subprotocols);
    let offer = offer.headers(&headers).origin(unknown(None)).extensions(unknown(None));
    let limits = unknown(HandshakeLimits::DEFAULT);
    let Ok(mut handshake) = ClientHandshake::new(offer, unknown([7; 16]), storage, limits) else {
        return;
    };
    handshake.set_leniency(unknown(Leniency::NONE));
    keep(handshake.write_request(out));
    handshake.request().headers().for_each(|header| keep(header));
    let mut input = bytes;
    if let Ok(Some(response)) = handshake.receive(&mut input) {
        established(&response);
    }
    let Ok(request) = ClientRequest::http2(offer, unknown("https")) else { return };
    let pairs = [(unknown("name"), unknown(&b"a"[..]))];
    let (status, version) = unknown((200, HttpVersion::Http2));
    established(&Response::from_parts(status, version, Headers::from(&pairs), &request));
}

fn established(response: &Response<'_>) {
    keep((response.status(), response.reason(), response.header(unknown("name"))));
    let Ok(established) = response.upgrade() else { return };
    keep(established.subprotocol());
    established.extensions().for_each(|extension| keep(extension.name()));
}
