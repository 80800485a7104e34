//! wslay, a C library with callbacks, through the part of its interface that puts messages together.
#![allow(unsafe_code, reason = "it is C")]

use std::ffi::{c_int, c_void};
use std::ptr::{null, null_mut};

use crate::common::oracle::Seen;
use crate::verdict::{End, MAX_MESSAGE, Verdict};

type Context = *mut c_void;

#[repr(C)]
struct Callbacks {
    receive: extern "C" fn(Context, *mut u8, usize, c_int, *mut c_void) -> isize,
    send: *const c_void,
    key: *const c_void,
    frame_start: *const c_void,
    frame_chunk: *const c_void,
    frame_end: *const c_void,
    message: extern "C" fn(Context, *const Arrived, *mut c_void),
}

#[repr(C)]
struct Arrived {
    rsv: u8,
    opcode: u8,
    bytes: *const u8,
    len: usize,
    status_code: u16,
}

const WOULD_BLOCK: c_int = -401;

#[link(name = "wslay")]
unsafe extern "C" {
    fn wslay_event_context_server_init(
        context: *mut Context,
        callbacks: *const Callbacks,
        user_data: *mut c_void,
    ) -> c_int;
    fn wslay_event_context_client_init(
        context: *mut Context,
        callbacks: *const Callbacks,
        user_data: *mut c_void,
    ) -> c_int;
    fn wslay_event_context_free(context: Context);
    fn wslay_event_config_set_max_recv_msg_length(context: Context, len: u64);
    fn wslay_event_set_error(context: Context, error: c_int);
    fn wslay_event_recv(context: Context) -> c_int;
    fn wslay_event_get_read_enabled(context: Context) -> c_int;
    fn wslay_event_get_close_received(context: Context) -> c_int;
}

/// What the callbacks work with.
struct State<'a> {
    stream: &'a [u8],
    events: Vec<Seen>,
}

extern "C" fn receive_callback(
    context: Context,
    to: *mut u8,
    len: usize,
    _: c_int,
    user: *mut c_void,
) -> isize {
    // SAFETY: wslay gives back the state of `receive`, which nothing else uses while it runs, and
    // a buffer of `len` bytes.
    unsafe {
        let state = &mut *user.cast::<State<'_>>();
        if state.stream.is_empty() {
            wslay_event_set_error(context, WOULD_BLOCK);
            return -1;
        }
        let (piece, rest) = state.stream.split_at(len.min(state.stream.len()));
        std::ptr::copy_nonoverlapping(piece.as_ptr(), to, piece.len());
        state.stream = rest;
        piece.len().cast_signed()
    }
}

extern "C" fn message_callback(_: Context, arrived: *const Arrived, user: *mut c_void) {
    // SAFETY: As above; the message is there for as long as this runs, and null if it is empty.
    let (state, opcode, bytes) = unsafe {
        let Arrived { opcode, bytes, len, .. } = *arrived;
        let bytes = if len == 0 { &[] } else { std::slice::from_raw_parts(bytes, len) };
        (&mut *user.cast::<State<'_>>(), opcode, bytes.to_vec())
    };
    state.events.push(match opcode {
        1 | 2 => Seen::Data { text: opcode == 1, rsv1: false, first: true, last: true, bytes },
        8 => Seen::Close(bytes.split_at_checked(2).map(|(code, reason)| {
            let reason = String::from_utf8(reason.to_vec()).expect("it checks reasons");
            (u16::from_be_bytes([code[0], code[1]]), reason)
        })),
        9 => Seen::Ping(bytes),
        10 => Seen::Pong(bytes),
        other => panic!("a message of {other}"),
    });
}

pub(crate) fn receive(server: bool, stream: &[u8]) -> Verdict {
    let mut state = State { stream, events: Vec::new() };
    let callbacks = Callbacks {
        receive: receive_callback,
        send: null(),
        key: null(),
        frame_start: null(),
        frame_chunk: null(),
        frame_end: null(),
        message: message_callback,
    };
    let mut context = null_mut();
    let init =
        if server { wslay_event_context_server_init } else { wslay_event_context_client_init };
    // SAFETY: The callbacks are copied, nothing is ever sent, and `state` outlives the context.
    let (result, reads, closed) = unsafe {
        assert_eq!(init(&raw mut context, &raw const callbacks, (&raw mut state).cast()), 0);
        wslay_event_config_set_max_recv_msg_length(context, MAX_MESSAGE.into());
        let result = wslay_event_recv(context);
        let reads = wslay_event_get_read_enabled(context) != 0;
        let closed = wslay_event_get_close_received(context) != 0;
        wslay_event_context_free(context);
        (result, reads, closed)
    };
    let end = match (reads, closed) {
        (true, false) => End::Open,
        (_, true) => End::Closed,
        (false, false) => End::Failed,
    };
    assert!(result == 0 || end == End::Failed, "wslay has failed: {result}");
    Verdict { events: state.events, end }
}
