//! What must hold of an end in every state.

use std::fmt::Debug;

use rfc6455::{
    CloseCode, Connection, ControlFrame, FixedRole, Fragment, FrameKind, MessageKind, SendError,
};

use super::{Check, End, ensure, print};

type Verb<'v, R> = &'v dyn Fn(&mut Connection<R>) -> Result<(), SendError>;

impl<R: FixedRole + Clone + Debug> End<R> {
    /// Checks what must hold in every state.
    pub fn check(&self) -> Check {
        let Self { ws, told, .. } = self;
        let answered = told.close_heard.is_some() && R::IS_SERVER;
        let closed = told.eof || told.close_sent && (told.error.is_some() || answered);
        ensure!(ws.is_closed() == closed, "it is closed: {}", ws.is_closed());
        ensure!(ws.is_close_sent() == told.close_sent, "a Close was sent: {}", told.close_sent);
        ensure!(ws.is_close_received() == told.close_heard.is_some(), "a Close was received");
        let error = ws.error().map(|error| error.close_code().get());
        ensure!(error == told.error, "its error is {error:?}");
        let code = ws.close_frame().map(|frame| frame.code.get());
        ensure!(code == told.close_heard.flatten(), "its peer's code is {code:?}");
        if self.pending().is_none() {
            let (mut by_value, mut in_place) = (ws.clone(), ws.clone());
            let frame = by_value.poll_transmit();
            ensure!(frame.is_none(), "{frame:?} is not pending");
            let len = in_place.poll_transmit_into(&mut [0; ControlFrame::MAX_LEN]);
            ensure!(len == Ok(0), "{len:?} bytes are not pending");
            // An answer that is pending until the end of a frame stays pending.
            let same = || [&by_value, &in_place].iter().all(|ws| print(*ws) == self.print);
            ensure!(!told.frame_open || same(), "a poll inside a frame has changed the connection");
        }
        self.check_sending()
    }

    /// Checks that what may be sent is accepted, and the rest refused without effect.
    fn check_sending(&self) -> Check {
        let blocked = if self.is_closing() {
            Some(SendError::Closed)
        } else if self.told.frame_open {
            Some(SendError::FrameOpen { left: 1 })
        } else {
            None
        };
        let open = self.told.message_open;
        let starts = blocked.or(open.then_some(SendError::MessageOpen));
        // The open text ends inside a code point.
        let lacks = if open { SendError::InvalidUtf8 } else { SendError::NoMessageOpen };
        let short = SendError::BufferTooSmall { needed: if R::IS_SERVER { 3 } else { 7 } };
        let whole = FrameKind::whole(MessageKind::Binary);
        let continued = Fragment::from("x").middle();
        let verbs: [(&str, Option<SendError>, Verb<'_, R>); 8] = [
            ("ping", blocked, &|ws| ws.ping(b"x").map(drop)),
            ("pong", blocked, &|ws| ws.pong(b"x").map(drop)),
            ("close", blocked, &|ws| ws.close(CloseCode::NORMAL, "").map(drop)),
            ("close_without_code", blocked, &|ws| ws.close_without_code().map(drop)),
            ("send", starts, &|ws| ws.send("x", &mut [0; 16]).map(drop)),
            ("begin_frame", starts, &|ws| ws.begin_frame(whole, 9).map(drop)),
            ("send to no room", starts.or(Some(short)), &|ws| ws.send("x", &mut []).map(drop)),
            ("continue", blocked.or(Some(lacks)), &|ws| ws.send(continued, &mut [0; 9]).map(drop)),
        ];
        for (name, expected, verb) in verbs {
            let mut ws = self.ws.clone();
            let error = verb(&mut ws).err();
            ensure!(error == expected, "{name}: {error:?} instead of {expected:?}");
            let changed = print(&ws) != self.print;
            ensure!(
                error.is_none() || !changed,
                "{name} was refused, but has changed the connection"
            );
        }
        Ok(())
    }
}
