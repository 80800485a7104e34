//! What depends on the board: the UART, the stack, and the emulator.

use core::panic::PanicInfo;

#[cfg(target_arch = "arm")]
#[path = "board/mps2.rs"]
mod chip;
#[cfg(target_arch = "riscv32")]
#[path = "board/virt.rs"]
mod chip;

unsafe extern "C" {
    static mut DATA_BEGIN: u32;
    static mut DATA_END: u32;
    static DATA_LOAD: u32;
    static mut BSS_BEGIN: u32;
    static mut BSS_END: u32;
}

unsafe extern "Rust" {
    /// The program, which [`program!`](crate::program) names; returns its exit status.
    safe fn firmware_main() -> u32;
}

/// Sets up the memory and runs the program.
fn run() -> ! {
    // SAFETY: the linker script places these; nothing else runs yet.
    unsafe {
        let len = (&raw const DATA_END).offset_from(&raw const DATA_BEGIN).unsigned_abs();
        for word in 0..len {
            let value = (&raw const DATA_LOAD).add(word).read_volatile();
            (&raw mut DATA_BEGIN).add(word).write_volatile(value);
        }
        let len = (&raw const BSS_END).offset_from(&raw const BSS_BEGIN).unsigned_abs();
        for word in 0..len {
            (&raw mut BSS_BEGIN).add(word).write_volatile(0);
        }
    }
    chip::set_up_uart();
    exit(firmware_main())
}

/// How often the UART is asked for another byte before what has arrived is returned.
const PATIENCE: u32 = 2000;

/// Waits for bytes, and returns how many have arrived at the front of `room`.
pub fn read(room: &mut [u8]) -> usize {
    let mut len = 0;
    let mut patience = u32::MAX;
    for place in room {
        let byte = loop {
            match chip::read_uart() {
                Some(byte) => break byte,
                None if patience == 0 => return len,
                None if len > 0 => patience -= 1,
                None => {}
            }
        };
        *place = byte;
        len += 1;
        patience = PATIENCE;
    }
    len
}

/// Writes all bytes.
pub fn write(bytes: &[u8]) {
    for byte in bytes {
        chip::write_uart(*byte);
    }
}

/// What an untouched word of the stack contains.
const PAINT: u32 = 0xC0DE_CAFE;

/// Measures the stack that is used from here on.
pub struct Stack {
    bottom: usize,
    here: usize,
}

impl Stack {
    /// Paints the free part of the stack.
    #[inline(never)]
    pub fn paint() -> Self {
        let bottom = (&raw const BSS_END).addr();
        let here = chip::stack_pointer();
        for word in (bottom..here).step_by(4) {
            // SAFETY: it is between the statics and the stack in use.
            unsafe { core::ptr::with_exposed_provenance_mut::<u32>(word).write_volatile(PAINT) };
        }
        Self { bottom, here }
    }

    /// Returns how many bytes were used since it was painted.
    #[inline(never)]
    pub fn used(&self) -> usize {
        let lowest = (self.bottom..self.here).step_by(4).find(|word| {
            // SAFETY: as above.
            let word = core::ptr::with_exposed_provenance::<u32>(*word);
            (unsafe { word.read_volatile() }) != PAINT
        });
        lowest.map_or(0, |lowest| self.here - lowest)
    }
}

const WRITE_CHARACTER: usize = 0x03;
const EXIT: usize = 0x20;
const STOPPED: usize = 0x20026;

/// Prints to the console of the emulator.
pub fn print(text: &str) {
    for byte in text.bytes() {
        chip::ask_host(WRITE_CHARACTER, core::ptr::from_ref(&usize::from(byte)));
    }
}

/// Prints a number.
pub fn print_number(number: usize) {
    if number >= 10 {
        print_number(number / 10);
    }
    let digit = usize::from(b'0') + number % 10;
    chip::ask_host(WRITE_CHARACTER, core::ptr::from_ref(&digit));
}

/// Ends the emulator with this exit status.
pub fn exit(status: u32) -> ! {
    let arguments = [STOPPED, status as usize];
    loop {
        chip::ask_host(EXIT, arguments.as_ptr());
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    print("panic\n");
    exit(101)
}
