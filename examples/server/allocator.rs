//! Makes glibc return long buffers to the system when they are freed.
//!
//! glibc maps buffers above a threshold one by one, and unmaps them when they are freed. By
//! default, the threshold is 128 KiB and rises to the length of each buffer that is freed, up to
//! 32 MiB; shorter buffers come from one of several thread arenas, which keep freed memory. Ten
//! silent clients that had each sent a message of 16 MiB would hold 150 MiB, and with a threshold
//! of 128 KiB a thousand that had each sent 64 KiB would hold as much.
//!
//! A threshold that is set explicitly does not rise. `mallopt` sets it, but calling it needs
//! `unsafe`; an environment variable works too, if it is set when the process starts. Other
//! systems' allocators do not need this.

/// Restarts the program in the same process with a fixed threshold of 16 KiB.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn fix_threshold() {
    use std::env;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    const VARIABLE: &str = "MALLOC_MMAP_THRESHOLD_";
    // Respect the user's setting, under the old name or the new one.
    if env::var_os(VARIABLE).is_some() || env::var_os("GLIBC_TUNABLES").is_some() {
        return;
    }
    let mut args = env::args_os();
    let (Ok(program), Some(name)) = (env::current_exe(), args.next()) else { return };
    // This returns only if it fails; the server then still works, but needs more memory.
    let _ = Command::new(program).arg0(name).args(args).env(VARIABLE, "16384").exec();
}

/// Does nothing.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn fix_threshold() {}
