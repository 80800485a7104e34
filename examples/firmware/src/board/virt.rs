//! QEMU's RISC-V machine: `-machine virt`.

use core::arch::{asm, global_asm};

global_asm!(
    ".section .start, \"ax\"",
    ".global start",
    "start:",
    "la sp, STACK_TOP",
    "j run_on_stack",
);

#[unsafe(no_mangle)]
unsafe extern "C" fn run_on_stack() -> ! {
    super::run()
}

/// A 16550, with byte registers.
const UART: *mut u8 = 0x1000_0000 as *mut u8;
const STATUS: usize = 5;
const HAS_ARRIVED: u8 = 0x01;
const IS_EMPTY: u8 = 0x20;

pub(super) fn set_up_uart() {}

pub(super) fn read_uart() -> Option<u8> {
    // SAFETY: these are registers of the UART.
    unsafe { (UART.add(STATUS).read_volatile() & HAS_ARRIVED != 0).then(|| UART.read_volatile()) }
}

pub(super) fn write_uart(byte: u8) {
    // SAFETY: as above.
    unsafe {
        while UART.add(STATUS).read_volatile() & IS_EMPTY == 0 {}
        UART.write_volatile(byte);
    }
}

pub(super) fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: it reads a register.
    unsafe { asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

/// Asks the debugger, or the emulator, to do something: RISC-V's semihosting.
pub(super) fn ask_host(operation: usize, argument: *const usize) {
    // SAFETY: the host reads what the argument points to.
    unsafe {
        asm!(
            ".balign 16",
            ".option push",
            ".option norvc",
            "slli x0, x0, 0x1f",
            "ebreak",
            "srai x0, x0, 7",
            ".option pop",
            inout("a0") operation => _, in("a1") argument, options(nostack),
        );
    }
}
