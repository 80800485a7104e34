//! Links with the entry point `main`: on Linux in the C library, which has `_start`; on a device with
//! nothing else.
fn main() {
    let on_device = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "none");
    let args: &[_] = if on_device {
        &["-emain", "--gc-sections"]
    } else {
        &["-nostartfiles", "-Wl,-emain", "-lc"]
    };
    for arg in args {
        println!("cargo:rustc-link-arg-bins={arg}");
    }
}
