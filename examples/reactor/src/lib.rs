//! A single-threaded server for thousands of connections, without an async runtime.
//!
//! - [`Echo`] is the protocol: all that a reactor needs to know about `WebSocket`s, in one file.
//! - [`Reactor`] is the loop over `mio`. It moves bytes and knows no protocol.
//! - `Ring` is the loop over `io_uring`, for Linux 6.1 and later.
//! - [`Output`] is between the two: what one batch of input is answered with.

mod echo;
mod output;
mod protocol;
mod reactor;
#[cfg(target_os = "linux")]
mod uring;

pub use echo::Echo;
pub use output::Output;
pub use protocol::Protocol;
pub use reactor::Reactor;
#[cfg(target_os = "linux")]
pub use uring::Ring;
