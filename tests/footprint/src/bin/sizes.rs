//! The RAM of each public type, as the size of a symbol.

#![no_std]
#![no_main]

use core::mem::MaybeUninit;

use rfc6455_footprint as _;

use rfc6455::handshake::{
    ClientHandshake, Established, HandshakeError, HandshakeSendError, Request, Response,
    ServerHandshake, Upgrade,
};
use rfc6455::{
    AnyRole, Client, Connection, ControlFrame, EncodedHeader, Event, FrameHeader, ProtocolError,
    ReceiveHalf, Reply, SendError, SendHalf, Server, Timers, Utf8, WebSocket,
};

type Keys = fn() -> [u8; 4];

macro_rules! sizes {
    ($($name:literal $type:ty)*) => {
        $(const _: () = {
            #[used]
            #[unsafe(export_name = $name)]
            static ROOM: Room<[u8; size_of::<$type>()]> = Room(MaybeUninit::uninit());
        };)*

        #[unsafe(no_mangle)]
        extern "C" fn start() {}
    };
}

struct Room<T>(#[allow(dead_code, reason = "only its size counts")] MaybeUninit<T>);

sizes! {
    "Connection<Server>" Connection<Server>
    "Connection<Client<fn() -> [u8; 4]>>" Connection<Client<Keys>>
    "Connection<AnyRole<fn() -> [u8; 4]>>" Connection<AnyRole<Keys>>
    "ReceiveHalf<Server>" ReceiveHalf<Server>
    "SendHalf<Server>" SendHalf<Server>
    "Event" Event<'static>
    "ControlFrame" ControlFrame
    "EncodedHeader" EncodedHeader
    "Reply" Reply
    "ProtocolError" ProtocolError
    "SendError" SendError
    "FrameHeader" FrameHeader
    "Utf8" Utf8
    "Timers" Timers
    "WebSocket<Server, &mut [u8]>" WebSocket<Server, &'static mut [u8]>
    "ServerHandshake<&mut [u8]>" ServerHandshake<&'static mut [u8]>
    "Request" Request<'static>
    "Upgrade" Upgrade<'static>
    "ClientHandshake<&mut [u8]>" ClientHandshake<'static, &'static mut [u8]>
    "Response" Response<'static>
    "Established" Established<'static>
    "HandshakeError" HandshakeError
    "HandshakeSendError" HandshakeSendError
}
