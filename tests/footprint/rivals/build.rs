//! Links without a start-up code: the programs are measured, and never run.

fn main() {
    let args: &[_] = match std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("wasm32") => &["--no-entry", "--export=start"],
        _ => &["-estart", "--gc-sections"],
    };
    for arg in args {
        println!("cargo:rustc-link-arg-bins={arg}");
    }
}
