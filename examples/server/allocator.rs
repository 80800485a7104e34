//! Has glibc give long buffers back to the system when they are freed.
//!
//! It does so at first. But each time one of them is freed, its threshold rises to that length, up
//! to 32 MiB. Longer ones are cut from the heap from then on, and there is one for nearly each
//! thread, which keeps what was freed: ten clients that are silent after a message of 16 MiB each
//! cost 150 MiB. A threshold that is set does not rise. The call that sets it would need `unsafe`;
//! a variable does it too, if it is there when the process starts.
//!
//! Other systems' allocators need no such thing.

/// Starts the program anew, in the same process, with the threshold that glibc begins with.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn fix_threshold() {
    use std::env;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    const VARIABLE: &str = "MALLOC_MMAP_THRESHOLD_";
    // A user who has set it, or any of the newer names, knows better.
    if env::var_os(VARIABLE).is_some() || env::var_os("GLIBC_TUNABLES").is_some() {
        return;
    }
    let mut args = env::args_os();
    let (Ok(program), Some(name)) = (env::current_exe(), args.next()) else { return };
    // It returns only if it fails; then the server merely needs more memory.
    let _ = Command::new(program).arg0(name).args(args).env(VARIABLE, "131072").exec();
}

/// Does nothing.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn fix_threshold() {}
