//! The server, with a client of our own, over both transports.

mod client;
mod sessions;
mod sockets;
mod violations;
