//! What the server spends, as Linux counts it.

use super::*;

/// The number behind `name` in a file of the server's process. `None`, said aloud, where there is
/// no such file, or where it would be the emulator's.
fn count(server: &Running, file: &str, name: &str) -> Option<u64> {
    let path = format!("/proc/{}/{file}", server.child.id());
    if !cfg!(target_os = "linux") || env::var_os("EXAMPLE_RUNNER").is_some() {
        eprintln!("left out: {name} of {path}, which is not to be had here");
        return None;
    }
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        // As in a container that may not look at its own processes.
        Err(error) => {
            eprintln!("left out: {name} of {path}: {error}");
            return None;
        }
    };
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    Some(line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap())
}

#[test]
fn answers_a_flood_of_pings_with_few_writes() {
    const PINGS: usize = 20_000;
    let server = Running::server(&[]);
    let mut stream = server.open(b"");
    let Some(before) = count(&server, "io", "syscw") else { return };
    let mut writer = stream.try_clone().unwrap();
    let sent = thread::spawn(move || writer.write_all(&frame(PING, b"12345678").repeat(PINGS)));
    for _ in 0..PINGS {
        assert_eq!(read_frame(&mut stream), (PONG, b"12345678".to_vec()));
    }
    sent.join().unwrap().unwrap();
    let writes = count(&server, "io", "syscw").unwrap() - before;
    assert!(writes < PINGS as u64 / 20, "{writes} writes");
}
