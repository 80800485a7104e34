//! The guide, whose snippets `cargo test` compiles and runs.

macro_rules! pages {
    ($($name:ident)+) => {
        $(#[doc = include_str!(concat!("src/", stringify!($name), ".md"))] pub mod $name {})+
    };
}

pages! {
    authentication backpressure close_codes compression first_echo handshake heartbeats introduction
    limits messages migration other_transports origin proxies reconnection relatives scaling testing
}
