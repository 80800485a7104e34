//! The same work done by this crate and by its peers, interleaved, in one run.

mod decode;
mod measure;
mod ours;
mod tungstenite_peer;

fn main() {
    decode::run();
}
