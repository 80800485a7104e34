//! Places the program in the memory of its board.

fn main() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let board = match std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("riscv32") => "virt",
        _ => "mps2",
    };
    println!("cargo:rerun-if-changed=link");
    println!("cargo:rustc-link-arg-bins=-L{folder}/link");
    println!("cargo:rustc-link-arg-bins=-T{board}.ld");
    println!("cargo:rustc-link-arg-bins=-Tsections.ld");
}
