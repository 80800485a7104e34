//! Makes glibc return memory to the system when it is freed.
//!
//! glibc maps buffers above a threshold one by one, and unmaps them when they are freed. By
//! default, the threshold is 128 KiB and rises to the length of each buffer that is freed, up to
//! 32 MiB; shorter buffers come from one of several thread arenas, which keep freed memory. Ten
//! silent clients that had each sent a message of 16 MiB would hold 150 MiB, and with a threshold
//! of 128 KiB a thousand that had each sent 64 KiB would hold as much.
//!
//! Shorter buffers lie in what an arena has at its end, where small values that live long follow
//! them, so that it cannot shrink. Arenas grow by 128 KiB more than they need, which takes in even
//! buffers above the threshold. There are eight for each core, until every thread has its own.
//! A client at rest then holds 18 KiB on two cores, and 37 KiB on very many. It holds 15 KiB on any
//! number if there are four arenas that grow by what they need.
//!
//! A threshold that is set explicitly does not rise. `mallopt` sets all of this, but calling it
//! needs `unsafe`; environment variables work too, if they are set when the process starts. Other
//! systems' allocators do not need this.

/// Restarts the program in the same process with a fixed threshold, and few arenas that grow by
/// what they need.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn save_memory() {
    use std::env;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    const VARIABLES: [(&str, &str); 3] =
        [("MALLOC_MMAP_THRESHOLD_", "8192"), ("MALLOC_TOP_PAD_", "0"), ("MALLOC_ARENA_MAX", "4")];
    // Respect the user's settings, under the old names or the new one.
    let is_set = |name: &str| env::var_os(name).is_some();
    if is_set("GLIBC_TUNABLES") || VARIABLES.iter().any(|(name, _)| is_set(name)) {
        return;
    }
    let mut args = env::args_os();
    let (Ok(program), Some(name)) = (env::current_exe(), args.next()) else { return };
    // This returns only if it fails; the server then still works, but needs more memory.
    let _ = Command::new(program).arg0(name).args(args).envs(VARIABLES).exec();
}

/// Does nothing.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn save_memory() {}
