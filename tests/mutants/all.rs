//! The tests in one program: made and run anew for each mutant, two dozen would be mostly linked.
//!
//! Without `deflate_memory` and `retained`, which take seconds for each mutant, `examples`, which
//! needs the example programs, and `traceability`, which reads the sources.

#[path = "../allocations.rs"]
mod allocations;
#[path = "../closing.rs"]
mod closing;
#[path = "../control.rs"]
mod control;
#[path = "../deflate.rs"]
mod deflate;
#[path = "../deflate_negotiation.rs"]
mod deflate_negotiation;
#[path = "../deflate_properties.rs"]
mod deflate_properties;
#[path = "../handshake_client.rs"]
mod handshake_client;
#[path = "../handshake_limits.rs"]
mod handshake_limits;
#[path = "../handshake_properties.rs"]
mod handshake_properties;
#[path = "../handshake_server.rs"]
mod handshake_server;
#[path = "../headers.rs"]
mod headers;
#[path = "../limits.rs"]
mod limits;
#[path = "../loopback.rs"]
mod loopback;
#[path = "../messages.rs"]
mod messages;
#[path = "../pairing.rs"]
mod pairing;
#[path = "../properties.rs"]
mod properties;
#[path = "../receive.rs"]
mod receive;
#[path = "../send.rs"]
mod send;
#[path = "../sizes.rs"]
mod sizes;
#[path = "../timing.rs"]
mod timing;
#[path = "../values.rs"]
mod values;
#[path = "../vectors.rs"]
mod vectors;
