//! The C library has `_start`, and nothing else that is needed.
fn main() {
    println!("cargo:rustc-link-arg-bins=-nostartfiles");
    println!("cargo:rustc-link-arg-bins=-Wl,-emain");
    println!("cargo:rustc-link-arg-bins=-lc");
}
