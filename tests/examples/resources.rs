//! What the server spends, as Linux counts it.

use super::*;

/// The number behind `name` in a file of the server's process. `None`, said aloud, where there is
/// no such file, or where it would be the emulator's.
fn count(server: &Running, file: &str, name: &str) -> Option<u64> {
    let path = format!("/proc/{}/{file}", server.child.id());
    if !cfg!(target_os = "linux") || env::var_os("EXAMPLE_RUNNER").is_some() {
        eprintln!("left out: {name} of {path}, which is not available here");
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

/// Clients that send and then are silent.
const CLIENTS: usize = 10;
/// The longest message that the server takes.
const LONGEST: usize = 16 << 20;
/// What it may keep of all of them.
const KEPT_KIB: u64 = 24 << 10;

/// Waits until the server has no more memory than it may keep.
fn assert_gives_back(server: &Running, before: u64, what: &str) {
    let start = Instant::now();
    loop {
        let now = count(server, "status", "VmRSS").unwrap();
        eprintln!("{what}: {before} KiB before, {now} KiB after {:?}", start.elapsed());
        if now <= before + KEPT_KIB {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{what}: {before} KiB before, {now} KiB now");
        thread::sleep(Duration::from_millis(500));
    }
}

/// Reads a message, in however many frames, and returns the number of its bytes on the wire.
fn read_message(stream: &mut TcpStream) -> usize {
    let mut len = 0;
    loop {
        let (first, payload) = read_frame(stream);
        assert_eq!(first & 0x0F, if len == 0 { 2 } else { 0 });
        len += payload.len();
        if first & 0x80 != 0 {
            return len;
        }
    }
}

#[test]
fn keeps_no_memory_of_long_messages_of_silent_clients() {
    let server = Running::server(&[]);
    let Some(before) = count(&server, "status", "VmRSS") else { return };
    let message = frame(BINARY, &vec![0; LONGEST]);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let mut stream = server.open(b"");
            stream.write_all(&message).unwrap();
            assert_eq!(read_message(&mut stream), LONGEST);
            stream
        })
        .collect();
    assert_gives_back(&server, before, "long messages");
    drop(clients);
}

#[test]
fn takes_20_kib_of_a_client_at_rest() {
    const AT_REST: u64 = 200;
    // It is 15 as `cargo test` builds it, three pages of them a thread's stack. Another
    // compiler may need one more; without optimisation, it takes three more.
    const MOST: u64 = 20;
    let server = Running::server(&[]);
    let message = frame(BINARY, &vec![0; 64 << 10]);
    let echo = || {
        let mut stream = server.open(b"");
        stream.write_all(&message).unwrap();
        assert_eq!(read_message(&mut stream), 64 << 10);
        stream
    };
    // What the first threads bring stays.
    let _first: Vec<_> = (0..20).map(|_| echo()).collect();
    thread::sleep(Duration::from_secs(2));
    let Some(before) = count(&server, "status", "VmRSS") else { return };
    let _clients: Vec<_> = (0..AT_REST).map(|_| echo()).collect();
    let start = Instant::now();
    loop {
        let each = (count(&server, "status", "VmRSS").unwrap().saturating_sub(before)) / AT_REST;
        if each <= MOST {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{each} KiB each");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn answers_a_batch_with_one_write() {
    const BATCHES: u64 = 100;
    let server = Running::server(&[]);
    let mut stream = server.open(b"");
    let Some(before) = count(&server, "io", "syscw") else { return };
    for _ in 0..BATCHES {
        stream.write_all(&frame(BINARY, b"12345678").repeat(16)).unwrap();
        for _ in 0..16 {
            assert_eq!(read_frame(&mut stream), (BINARY, b"12345678".to_vec()));
        }
    }
    assert_eq!(count(&server, "io", "syscw").unwrap() - before, BATCHES);
}

#[cfg(feature = "deflate")]
mod compressed {
    use super::*;

    const EXTENSION: &str = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

    fn open_compressed(server: &Running) -> TcpStream {
        let mut stream = server.connect();
        stream.write_all(format!("{REQUEST}{EXTENSION}\r\n").as_bytes()).unwrap();
        let head = read_head(&mut stream);
        assert!(head.contains("permessage-deflate"), "{head}");
        stream
    }

    /// 16 KiB or so that come to the longest message.
    fn bomb() -> Vec<u8> {
        let bomb = miniz_oxide::deflate::compress_to_vec(&vec![0; LONGEST], 9);
        assert!(bomb.len() < 20 << 10, "{}", bomb.len());
        bomb
    }

    #[test]
    fn keeps_no_memory_of_bombs_of_silent_clients() {
        let server = Running::server(&[]);
        let Some(before) = count(&server, "status", "VmRSS") else { return };
        let message = frame(0xC2, &bomb());
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let mut stream = open_compressed(&server);
                stream.write_all(&message).unwrap();
                assert!(read_message(&mut stream) < LONGEST / 100);
                stream
            })
            .collect();
        assert_gives_back(&server, before, "bombs");
        drop(clients);
    }

    #[test]
    fn keeps_no_memory_of_bombs_that_never_end() {
        let server = Running::server(&["--message-timeout", "1"]);
        let Some(before) = count(&server, "status", "VmRSS") else { return };
        let fragment = frame(0x42, &bomb());
        let mut clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let mut stream = open_compressed(&server);
                stream.write_all(&fragment).unwrap();
                stream
            })
            .collect();
        for stream in &mut clients {
            let (first, payload) = read_frame(stream);
            assert_eq!((first, &payload[..2]), (CLOSE, &1008_u16.to_be_bytes()[..]));
        }
        assert_gives_back(&server, before, "bombs that never end");
    }
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
    let calls = count(&server, "io", "syscw").unwrap() - before;
    assert!(calls < PINGS as u64 / 20, "{calls} writes");
}
