//! Finds wslay, the only peer that is not a crate, and enables `cfg(wslay)` if it is installed.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=WSLAY_LIB_DIR");
    println!("cargo::rustc-check-cfg=cfg(wslay)");

    if let Ok(dir) = std::env::var("WSLAY_LIB_DIR") {
        // An empty variable leaves it out.
        if dir.is_empty() {
            return;
        }
        println!("cargo::rustc-link-search=native={dir}");
    } else if !compiler_finds_header() {
        return;
    }
    println!("cargo::rustc-link-lib=wslay");
    println!("cargo::rustc-cfg=wslay");
}

/// Returns whether the C compiler finds the header: Debian's package has no `.pc` file.
fn compiler_finds_header() -> bool {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    Command::new(compiler)
        .args(["-E", "-include", "wslay/wslay.h", "-x", "c", "/dev/null", "-o", "/dev/null"])
        .output()
        .is_ok_and(|output| output.status.success())
}
