//! No protocol: the least that an echo through the loop can cost.

use rfc6455_reactor::{Output, Protocol};

pub struct Bytes;

impl Protocol for Bytes {
    fn new(_: u32) -> Self {
        Self
    }

    fn receive<'b>(&mut self, input: &'b mut [u8], output: &mut Output<'b>, _: u32) {
        output.lend(input);
    }

    fn tick(&mut self, _: &mut Output<'_>, _: u32) -> bool {
        true
    }

    fn is_closed(&self) -> bool {
        false
    }
}
