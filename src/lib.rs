//! A WebSocket protocol codec (RFC 6455) that does no I/O.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "handshake")]
pub mod handshake;

mod close;
mod connection;
mod control;
mod error;
mod event;
mod fragment;
mod frame;
mod limits;
mod mask;
mod message;
mod opcode;
mod receive;
mod role;
mod send;
mod utf8;

pub use close::{CloseCode, CloseFrame};
pub use connection::Connection;
pub use control::{ControlPayload, Reply};
pub use error::{ProtocolError, SendError, Violation};
pub use event::{Chunk, Eof, Event};
pub use fragment::{Fragment, Part};
pub use frame::{EncodedHeader, FrameHeader};
pub use limits::Limits;
pub use mask::{MaskingKey, mask};
#[cfg(feature = "alloc")]
pub use message::Heap;
pub use message::{InSlice, Incoming, Message, MessageBuffer, Storage};
pub use opcode::{MessageKind, Opcode};
pub use receive::Receiver;
pub use role::{Client, MaskingKeys, Role, Server};
pub use send::{ControlFrame, PreparedMessage, Sender};
pub use utf8::Utf8;
