//! wslay, a C library with callbacks: its event interface, which assembles and checks messages.

use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null_mut};

use super::{About, Echo, Receive, Send, Sink, ours};
use crate::source::Source;
use crate::wire::Keys;

const NAME: &str = "wslay";

type Context = *mut c_void;
type OnReceive = extern "C" fn(Context, *mut u8, usize, c_int, *mut c_void) -> isize;
type OnSend = extern "C" fn(Context, *const u8, usize, c_int, *mut c_void) -> isize;
type OnKey = extern "C" fn(Context, *mut u8, usize, *mut c_void) -> c_int;
type OnMessage = extern "C" fn(Context, *const Arrived, *mut c_void);

#[repr(C)]
struct Callbacks {
    receive: OnReceive,
    send: OnSend,
    key: OnKey,
    frame_start: *const c_void,
    frame_chunk: *const c_void,
    frame_end: *const c_void,
    message: OnMessage,
}

#[repr(C)]
struct Arrived {
    rsv: u8,
    opcode: u8,
    bytes: *const u8,
    len: usize,
    status_code: u16,
}

#[repr(C)]
struct ToSend {
    opcode: u8,
    bytes: *const u8,
    len: usize,
}

const WOULD_BLOCK: c_int = -401;
const BINARY: u8 = 2;

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
    fn wslay_event_config_set_callbacks(context: Context, callbacks: *const Callbacks);
    fn wslay_event_set_error(context: Context, error: c_int);
    fn wslay_event_recv(context: Context) -> c_int;
    fn wslay_event_send(context: Context) -> c_int;
    fn wslay_event_queue_msg(context: Context, message: *const ToSend) -> c_int;
}

/// The state of the callbacks.
struct State {
    source: Source,
    keys: Keys,
    left: u64,
    sink: *mut c_void,
}

/// A context and the state of its callbacks, which stays at its place on the heap.
struct Connection {
    context: Context,
    state: NonNull<State>,
}

impl Connection {
    fn new(source: Source, client: bool) -> Self {
        let state = State { source, keys: Keys::new(), left: 0, sink: null_mut() };
        let state = NonNull::from(Box::leak(Box::new(state)));
        let mut context = null_mut();
        let init =
            if client { wslay_event_context_client_init } else { wslay_event_context_server_init };
        // SAFETY: The callbacks are copied, and `state` lives until the context is freed.
        let result = unsafe { init(&raw mut context, &callbacks(ignore), state.as_ptr().cast()) };
        assert_eq!(result, 0);
        Self { context, state }
    }

    /// The state; C holds no reference to it between calls.
    fn state(&mut self) -> &mut State {
        // SAFETY: `self` owns the state, and no callback runs while `self` is borrowed.
        unsafe { self.state.as_mut() }
    }

    fn receive(&mut self, on_message: OnMessage, sink: *mut c_void) {
        let state = self.state();
        state.left = state.source.messages;
        state.sink = sink;
        // SAFETY: The context is alive, and so is what `sink` points to until this returns.
        unsafe {
            wslay_event_config_set_callbacks(self.context, &callbacks(on_message));
            assert_eq!(wslay_event_recv(self.context), 0);
            assert_eq!(wslay_event_send(self.context), 0);
        }
        assert_eq!(self.state().left, 0);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: Both were made in `new`, and nothing uses them after this.
        unsafe {
            wslay_event_context_free(self.context);
            drop(Box::from_raw(self.state.as_ptr()));
        }
    }
}

fn callbacks(message: OnMessage) -> Callbacks {
    let none = std::ptr::null();
    Callbacks { receive, send, key, frame_start: none, frame_chunk: none, frame_end: none, message }
}

extern "C" fn receive(
    context: Context,
    to: *mut u8,
    len: usize,
    _: c_int,
    user: *mut c_void,
) -> isize {
    // SAFETY: wslay passes the state of `new`, and a buffer of `len` bytes.
    unsafe {
        let state = &mut *user.cast::<State>();
        if state.left == 0 {
            wslay_event_set_error(context, WOULD_BLOCK);
            return -1;
        }
        let bytes = state.source.next(len);
        std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
        bytes.len().cast_signed()
    }
}

extern "C" fn send(_: Context, bytes: *const u8, len: usize, _: c_int, user: *mut c_void) -> isize {
    // SAFETY: As above, with `len` bytes to read.
    unsafe {
        (*user.cast::<State>()).source.output.write(std::slice::from_raw_parts(bytes, len));
    }
    len.cast_signed()
}

extern "C" fn key(_: Context, to: *mut u8, len: usize, user: *mut c_void) -> c_int {
    // SAFETY: As above; a key has four bytes.
    unsafe {
        let key = (*user.cast::<State>()).keys.next();
        std::ptr::copy_nonoverlapping(key.as_ptr(), to, len.min(4));
    }
    0
}

extern "C" fn ignore(_: Context, _: *const Arrived, _: *mut c_void) {}

extern "C" fn deliver<S: Sink>(_: Context, arrived: *const Arrived, user: *mut c_void) {
    // SAFETY: As above; `sink` was an `S` in `receive` below, which is still running.
    unsafe {
        let (arrived, state) = (&*arrived, &mut *user.cast::<State>());
        if arrived.opcode <= BINARY {
            let bytes = std::slice::from_raw_parts(arrived.bytes, arrived.len);
            (*state.sink.cast::<S>()).piece(bytes, true);
            state.left -= 1;
        }
    }
}

extern "C" fn answer(context: Context, arrived: *const Arrived, user: *mut c_void) {
    // SAFETY: As above; the message is copied when it is queued.
    unsafe {
        let Arrived { opcode, bytes, len, .. } = *arrived;
        let message = ToSend { opcode, bytes, len };
        assert_eq!(wslay_event_queue_msg(context, &raw const message), 0);
        assert_eq!(wslay_event_send(context), 0);
        (*user.cast::<State>()).left -= 1;
    }
}

pub struct Server(Connection);

impl Receive for Server {
    const ABOUT: About = About::new(
        NAME,
        ours::MESSAGES,
        "reads 4 KiB; text is checked, but handed out as bytes; a shared library, without LTO",
    );

    fn new(source: Source, _: bool) -> Self {
        Self(Connection::new(source, false))
    }

    fn receive<S: Sink>(&mut self, sink: &mut S) {
        self.0.receive(deliver::<S>, std::ptr::from_mut(sink).cast());
    }
}

impl Echo for Server {
    const ABOUT: About =
        About::new(NAME, ours::MESSAGES, "queues a copy; a shared library, without LTO");

    fn new(source: Source) -> Self {
        Self(Connection::new(source, false))
    }

    fn echo(&mut self) {
        self.0.receive(answer, null_mut());
    }
}

pub struct Sender<const CLIENT: bool> {
    connection: Connection,
    payload: Vec<u8>,
}

impl<const CLIENT: bool> Send for Sender<CLIENT> {
    const ABOUT: About =
        About::new(NAME, ours::SLICE, "queues a copy; a shared library, without LTO");

    fn new(payload: Vec<u8>, source: Source) -> Self {
        Self { connection: Connection::new(source, CLIENT), payload }
    }

    fn send(&mut self) {
        let message =
            ToSend { opcode: BINARY, bytes: self.payload.as_ptr(), len: self.payload.len() };
        for _ in 0..self.connection.state().source.messages {
            // SAFETY: The context is alive, and copies the message.
            unsafe {
                assert_eq!(wslay_event_queue_msg(self.connection.context, &raw const message), 0);
                assert_eq!(wslay_event_send(self.connection.context), 0);
            }
        }
    }
}
