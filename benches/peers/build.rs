//! Finds wslay, the one peer that is not a crate, and turns on `cfg(wslay)` if it is there.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=WSLAY_LIB_DIR");
    println!("cargo::rustc-check-cfg=cfg(wslay)");

    if let Ok(dir) = std::env::var("WSLAY_LIB_DIR") {
        // Empty: it is to be left out.
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

/// Debian's package has no `.pc` file, so the C compiler is asked, which also links in the end.
fn compiler_finds_header() -> bool {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    Command::new(compiler)
        .args(["-E", "-include", "wslay/wslay.h", "-x", "c", "/dev/null", "-o", "/dev/null"])
        .output()
        .is_ok_and(|output| output.status.success())
}
