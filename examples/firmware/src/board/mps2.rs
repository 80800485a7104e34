//! ARM's MPS2 with a Cortex-M4, as QEMU emulates it: `-machine mps2-an386`.

use core::arch::asm;

unsafe extern "C" {
    /// The end of the stack; only its address counts.
    static STACK_TOP: u32;
}

/// The first words of the memory: where the stack begins, and where the program does.
#[repr(C)]
struct Vectors {
    stack: *const u32,
    start: unsafe extern "C" fn() -> !,
}

// SAFETY: it is never written.
unsafe impl Sync for Vectors {}

#[used]
#[unsafe(link_section = ".vectors")]
static VECTORS: Vectors = Vectors { stack: &raw const STACK_TOP, start };

#[unsafe(no_mangle)]
unsafe extern "C" fn start() -> ! {
    super::run()
}

/// ARM's CMSDK UART.
const UART: *mut u32 = 0x4000_4000 as *mut u32;
const STATE: usize = 1;
const CONTROL: usize = 2;
const DIVISOR: usize = 4;
const IS_FULL: u32 = 1;
const HAS_ARRIVED: u32 = 2;

pub(super) fn set_up_uart() {
    // SAFETY: these are registers of the UART.
    unsafe {
        UART.add(DIVISOR).write_volatile(16);
        UART.add(CONTROL).write_volatile(0b11);
    }
}

pub(super) fn read_uart() -> Option<u8> {
    // SAFETY: as above.
    let data = unsafe {
        (UART.add(STATE).read_volatile() & HAS_ARRIVED != 0).then(|| UART.read_volatile())
    }?;
    Some(data.to_le_bytes()[0])
}

pub(super) fn write_uart(byte: u8) {
    // SAFETY: as above.
    unsafe {
        while UART.add(STATE).read_volatile() & IS_FULL != 0 {}
        UART.write_volatile(u32::from(byte));
    }
}

pub(super) fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: it reads a register.
    unsafe { asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

/// Asks the debugger, or the emulator, to do something: ARM's semihosting.
pub(super) fn ask_host(operation: usize, argument: *const usize) {
    // SAFETY: the host reads what the argument points to.
    unsafe {
        asm!("bkpt #0xab", inout("r0") operation => _, in("r1") argument, options(nostack));
    }
}
