//! What every program here shares: a device to read from and to write to, and a panic handler.

#![no_std]

#[cfg(feature = "alloc")]
mod heap;
pub mod work;

use core::panic::PanicInfo;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// A register that holds the next byte, or takes it.
const DATA: *mut u8 = 0x4000_4000 as *mut u8;

/// Reads as many bytes as fit, of which the optimiser knows nothing; returns how many.
#[inline(never)]
pub fn read(room: &mut [u8]) -> usize {
    for place in &mut *room {
        // SAFETY: the programs are never run, only measured.
        *place = unsafe { DATA.read_volatile() };
    }
    room.len()
}

/// Writes all bytes.
#[inline(never)]
pub fn write(bytes: &[u8]) {
    for byte in bytes {
        // SAFETY: as above.
        unsafe { DATA.write_volatile(*byte) };
    }
}

/// Returns random bytes, or a flag.
#[inline(never)]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    read(&mut bytes);
    bytes
}
