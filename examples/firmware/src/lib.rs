//! A WebSocket server and a client over a UART, without an operating system and without a heap.
//!
//! [`board`] is all that depends on the board; `src/bin/server.rs` and `src/bin/client.rs` are the programs.

#![no_std]

pub mod board;
pub mod echo;

/// Names the function that the board runs after it has set up its memory.
#[macro_export]
macro_rules! program {
    ($main:path) => {
        #[unsafe(no_mangle)]
        fn firmware_main() -> u32 {
            $main()
        }
    };
}
