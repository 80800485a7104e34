//! The loop over `io_uring`: completions in, bytes out.
//!
//! The system is asked once to accept, and for each client to receive into a buffer that it picks
//! from a ring when something has arrived: a client that is silent has none. All requests of a turn
//! are submitted with the call that waits for the next completions, so a busy turn of many clients
//! takes one system call.
//!
//! Each batch is requested anew. A request that goes on receiving (multishot) runs ahead of the
//! replies: a client that read nothing made them grow to 3 MiB before it was stopped.

#![allow(unsafe_code, reason = "the system reads and writes memory that is named to it")]

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::io::{self, IoSlice};
use std::mem::{self, ManuallyDrop};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Instant;

use io_uring::types::{BufRingEntry, Fd, SubmitArgs, Timespec};
use io_uring::{IoUring, cqueue, opcode, squeue};
use slab::Slab;

use crate::Protocol;
use crate::output::{Output, STALL, TICK};

/// Requests that are submitted together, and completions that are collected.
const REQUESTS: u32 = 4096;
/// Buffers that the system may fill before they are looked at, and the length of each.
const BUFFERS: u16 = 64;
const BUFFER: usize = 64 << 10;
const GROUP: u16 = 0;
/// Allocations that are kept for the next replies.
const SPARE: usize = 256;

/// What completions are for: this, or a client's number and one of the next two.
const ACCEPT: u64 = u64::MAX;
const RECEIVE: u64 = 0;
const SEND: u64 = 1;

/// A server of one thread.
pub struct Ring<P> {
    system: IoUring,
    listener: TcpListener,
    accepting: bool,
    // Never freed as a whole: the system may use it as long as the process lives.
    buffers: ManuallyDrop<Buffers>,
    clients: ManuallyDrop<Slab<Client<P>>>,
    output: Box<[u8]>,
    spare: Spare,
    start: Instant,
    now: u32,
}

/// A connection.
struct Client<P> {
    stream: TcpStream,
    protocol: P,
    replies: Option<Box<Replies>>,
    /// Whether the system has been asked to receive, and has not.
    receiving: bool,
    /// Whether the client is to be forgotten as soon as no request for it is left.
    ended: bool,
}

/// What the system is sending, and what is to be sent after it.
#[derive(Default)]
struct Replies {
    sending: Vec<u8>,
    sent: usize,
    submitted: bool,
    /// When some of it was last sent.
    since: u32,
    next: Vec<u8>,
}

/// Replies that were sent, whose memory is used again; a client has room for a pointer.
#[allow(clippy::vec_box, reason = "they move between here and the clients")]
type Spare = Vec<Box<Replies>>;

impl<P: Protocol> Ring<P> {
    /// Listens on `address`.
    ///
    /// # Errors
    /// Those of the system, also if it has no `io_uring` with all that is needed: Linux 6.1 has.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let ring = IoUring::builder()
            .setup_cqsize(2 * REQUESTS)
            .setup_single_issuer()
            // Came after everything else that is used here.
            .setup_defer_taskrun()
            .build(REQUESTS)?;
        let buffers = Buffers::register(&ring)?;
        Ok(Self {
            system: ring,
            listener: TcpListener::bind(address)?,
            accepting: false,
            buffers: ManuallyDrop::new(buffers),
            clients: ManuallyDrop::new(Slab::new()),
            output: vec![0; BUFFER + Output::SLACK].into(),
            spare: Vec::new(),
            start: Instant::now(),
            now: 0,
        })
    }

    /// Returns where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves forever.
    ///
    /// # Errors
    /// Those of waiting for completions; a client's end with the client.
    pub fn run(&mut self) -> io::Result<()> {
        let mut done = Vec::new();
        let tick = Timespec::from(TICK);
        self.accept()?;
        loop {
            match self.system.submitter().submit_with_args(1, &SubmitArgs::new().timespec(&tick)) {
                Err(error)
                    if !matches!(
                        error.raw_os_error(),
                        Some(libc::ETIME | libc::EINTR | libc::EBUSY)
                    ) =>
                {
                    return Err(error);
                }
                _ => {}
            }
            let now = u32::try_from(self.start.elapsed().as_secs()).unwrap_or(u32::MAX);
            let last = mem::replace(&mut self.now, now);
            let completions = self.system.completion();
            done.extend(completions.map(|it| (it.user_data(), it.result(), it.flags())));
            for (request, result, flags) in done.drain(..) {
                let id = usize::try_from(request >> 1).unwrap_or(usize::MAX);
                match request {
                    ACCEPT => self.accepted(result, flags)?,
                    _ if request & 1 == RECEIVE => self.received(id, result, flags)?,
                    _ => self.sent(id, result)?,
                }
            }
            if now != last {
                self.tick()?;
            }
        }
    }

    /// Submits a request with the next wait.
    fn submit(&mut self, request: &squeue::Entry) -> io::Result<()> {
        // SAFETY: what a request names lives until its completion. Sockets and replies are those
        // of a client, which is not removed before; and all of it is never freed with the ring.
        while unsafe { self.system.submission().push(request) }.is_err() {
            self.system.submit()?;
        }
        Ok(())
    }

    fn accept(&mut self) -> io::Result<()> {
        self.accepting = true;
        let accept = opcode::AcceptMulti::new(Fd(self.listener.as_raw_fd())).build();
        self.submit(&accept.user_data(ACCEPT))
    }

    fn accepted(&mut self, result: RawFd, flags: u32) -> io::Result<()> {
        if result >= 0 {
            // SAFETY: it is a new socket, which nothing else has.
            let stream = TcpStream::from(unsafe { OwnedFd::from_raw_fd(result) });
            // Batches are complete, and should be sent at once. A failure is the client's.
            if stream.set_nodelay(true).is_ok() {
                let protocol = P::new(self.now);
                let client =
                    Client { stream, protocol, replies: None, receiving: false, ended: false };
                let id = self.clients.insert(client);
                self.go_on(id)?;
            }
        } else {
            // Most likely no file descriptors are left. The next tick tries again.
            eprintln!("reactor: cannot accept: {}", io::Error::from_raw_os_error(-result));
        }
        self.accepting = cqueue::more(flags);
        if result >= 0 && !self.accepting { self.accept() } else { Ok(()) }
    }

    /// Handles what was received, and answers it.
    fn received(&mut self, id: usize, result: i32, flags: u32) -> io::Result<()> {
        let Some(client) = self.clients.get_mut(id) else { return Ok(()) };
        client.receiving = false;
        if let Some(buffer) = cqueue::buffer_select(flags) {
            let len = usize::try_from(result).unwrap_or(0);
            let mut output = Output::new(&mut self.output);
            if !client.ended {
                client.protocol.receive(self.buffers.get(buffer, len), &mut output, self.now);
            }
            output.finish(|slices| client.reply(slices, &mut self.spare, self.now));
            self.buffers.give_back(buffer);
        }
        // Without a byte, either no buffer was left, or it is the end.
        if result <= 0 && result != -libc::ENOBUFS {
            client.end();
        }
        self.go_on(id)
    }

    fn sent(&mut self, id: usize, result: i32) -> io::Result<()> {
        let Some(client) = self.clients.get_mut(id) else { return Ok(()) };
        let Some(replies) = &mut client.replies else { return Ok(()) };
        replies.submitted = false;
        if let Ok(sent @ 1..) = usize::try_from(result) {
            replies.sent += sent;
            replies.since = self.now;
            if replies.sent == replies.sending.len() {
                mem::swap(&mut replies.sending, &mut replies.next);
                replies.next.clear();
                replies.sent = 0;
            }
        } else {
            replies.sending.clear();
            client.end();
        }
        self.go_on(id)
    }

    /// Requests what is to be done next for a client.
    fn go_on(&mut self, id: usize) -> io::Result<()> {
        let Some(client) = self.clients.get_mut(id) else { return Ok(()) };
        if client
            .replies
            .as_ref()
            .is_some_and(|it| it.sending.is_empty() || client.ended && !it.submitted)
        {
            let spent = client.replies.take();
            if self.spare.len() < SPARE {
                self.spare.extend(
                    spent.filter(|it| it.sending.capacity().max(it.next.capacity()) <= 2 * BUFFER),
                );
            }
        }
        if client.ended {
            if !client.receiving && client.replies.is_none() {
                self.clients.remove(id);
            }
            return Ok(());
        }
        if client.replies.is_none() && client.protocol.is_closed() {
            // What still arrives is received and discarded, or the client may lose the end.
            let _ = client.stream.shutdown(Shutdown::Write);
        }
        let (fd, key) = (Fd(client.stream.as_raw_fd()), (id as u64) << 1);
        let (mut send, mut receive) = (None, None);
        if let Some(replies) = client.replies.as_mut().filter(|it| !it.submitted) {
            replies.submitted = true;
            let bytes = &replies.sending[replies.sent..];
            let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            let request = opcode::Send::new(fd, bytes.as_ptr(), len).flags(libc::MSG_NOSIGNAL);
            send = Some(request.build().user_data(key | SEND));
        }
        // While one batch of replies is being sent, another may wait, and no more.
        if !client.receiving && client.replies.as_ref().is_none_or(|it| it.next.is_empty()) {
            client.receiving = true;
            let request = opcode::Recv::new(fd, ptr::null_mut(), 0).buf_group(GROUP).build();
            let request = request.flags(squeue::Flags::BUFFER_SELECT);
            receive = Some(request.user_data(key | RECEIVE));
        }
        send.iter().chain(&receive).try_for_each(|request| self.submit(request))
    }

    /// Looks at all deadlines.
    fn tick(&mut self) -> io::Result<()> {
        let ids: Vec<_> = self.clients.iter().map(|(id, _)| id).collect();
        for id in ids {
            let client = &mut self.clients[id];
            let mut output = Output::new(&mut self.output);
            let alive = match &client.replies {
                Some(replies) => self.now.saturating_sub(replies.since) < STALL,
                None => client.protocol.tick(&mut output, self.now),
            };
            output.finish(|slices| client.reply(slices, &mut self.spare, self.now));
            if !alive {
                client.end();
            }
            self.go_on(id)?;
        }
        if self.accepting { Ok(()) } else { self.accept() }
    }
}

impl<P> Client<P> {
    /// Queues the answer to one batch.
    fn reply(&mut self, slices: &[IoSlice<'_>], spare: &mut Spare, now: u32) {
        if slices.is_empty() {
            return;
        }
        let replies = self.replies.get_or_insert_with(|| {
            let mut replies = spare.pop().unwrap_or_default();
            replies.sending.clear();
            replies.next.clear();
            (replies.sent, replies.submitted) = (0, false);
            replies.since = now;
            replies
        });
        let queue = if replies.submitted { &mut replies.next } else { &mut replies.sending };
        for slice in slices {
            queue.extend_from_slice(slice);
        }
    }

    /// Makes all requests for this client complete.
    fn end(&mut self) {
        self.ended = true;
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// The buffers that are received into, in a ring that is shared with the system.
struct Buffers {
    entries: NonNull<BufRingEntry>,
    memory: NonNull<u8>,
    tail: u16,
}

impl Buffers {
    fn register(ring: &IoUring) -> io::Result<Self> {
        let entries = allocate(usize::from(BUFFERS) * size_of::<BufRingEntry>());
        let memory = allocate(usize::from(BUFFERS) * BUFFER);
        // SAFETY: the memory is aligned to pages, long enough, and never freed.
        unsafe {
            ring.submitter().register_buf_ring_with_flags(
                entries.as_ptr() as u64,
                BUFFERS,
                GROUP,
                0,
            )?;
        }
        let mut buffers = Self { entries: entries.cast(), memory, tail: 0 };
        for buffer in 0..BUFFERS {
            buffers.give_back(buffer);
        }
        Ok(buffers)
    }

    /// Returns the bytes in a buffer that the system has filled.
    fn get(&mut self, buffer: u16, len: usize) -> &mut [u8] {
        let (offset, len) = (usize::from(buffer % BUFFERS) * BUFFER, len.min(BUFFER));
        // SAFETY: the range is inside of the memory, which is initialised. The system does not
        // write there until the buffer is given back, for which this borrow has to end.
        unsafe { slice::from_raw_parts_mut(self.memory.add(offset).as_ptr(), len) }
    }

    /// Lets the system fill a buffer again.
    fn give_back(&mut self, buffer: u16) {
        let place = usize::from(self.tail % BUFFERS);
        let offset = usize::from(buffer % BUFFERS) * BUFFER;
        // SAFETY: the place is inside of the ring, and the system does not look at it before the
        // tail has passed it; the tail is inside of the first entry, and aligned.
        unsafe {
            let entry = self.entries.add(place).as_mut();
            entry.set_addr(self.memory.add(offset).as_ptr() as u64);
            entry.set_len(u32::try_from(BUFFER).unwrap_or(u32::MAX));
            entry.set_bid(buffer);
            self.tail = self.tail.wrapping_add(1);
            let tail = BufRingEntry::tail(self.entries.as_ptr()).cast_mut();
            AtomicU16::from_ptr(tail).store(self.tail, Ordering::Release);
        }
    }
}

/// Allocates zeroed memory at the start of a page, which is never freed.
fn allocate(len: usize) -> NonNull<u8> {
    const PAGE: usize = 4096;
    let layout = Layout::from_size_align(len.max(PAGE), PAGE).expect("a constant size");
    // SAFETY: the size is not zero.
    NonNull::new(unsafe { alloc_zeroed(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
}
