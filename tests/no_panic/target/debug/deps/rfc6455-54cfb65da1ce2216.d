/work/w-names/tests/no_panic/target/debug/deps/rfc6455-54cfb65da1ce2216.d: /work/w-names/src/lib.rs /work/w-names/src/bytes.rs /work/w-names/src/close.rs /work/w-names/src/connection.rs /work/w-names/src/control.rs /work/w-names/src/error.rs /work/w-names/src/event.rs /work/w-names/src/fragment.rs /work/w-names/src/frame.rs /work/w-names/src/fuel.rs /work/w-names/src/halves.rs /work/w-names/src/identity.rs /work/w-names/src/limits.rs /work/w-names/src/mask.rs /work/w-names/src/message.rs /work/w-names/src/message/storage.rs /work/w-names/src/opcode.rs /work/w-names/src/receive.rs /work/w-names/src/receive/fast.rs /work/w-names/src/receive/payload.rs /work/w-names/src/receive/pending.rs /work/w-names/src/receive/rules.rs /work/w-names/src/receive/state.rs /work/w-names/src/role.rs /work/w-names/src/send.rs /work/w-names/src/send/control.rs /work/w-names/src/send/prepared.rs /work/w-names/src/timers.rs /work/w-names/src/utf8.rs

/work/w-names/tests/no_panic/target/debug/deps/librfc6455-54cfb65da1ce2216.rmeta: /work/w-names/src/lib.rs /work/w-names/src/bytes.rs /work/w-names/src/close.rs /work/w-names/src/connection.rs /work/w-names/src/control.rs /work/w-names/src/error.rs /work/w-names/src/event.rs /work/w-names/src/fragment.rs /work/w-names/src/frame.rs /work/w-names/src/fuel.rs /work/w-names/src/halves.rs /work/w-names/src/identity.rs /work/w-names/src/limits.rs /work/w-names/src/mask.rs /work/w-names/src/message.rs /work/w-names/src/message/storage.rs /work/w-names/src/opcode.rs /work/w-names/src/receive.rs /work/w-names/src/receive/fast.rs /work/w-names/src/receive/payload.rs /work/w-names/src/receive/pending.rs /work/w-names/src/receive/rules.rs /work/w-names/src/receive/state.rs /work/w-names/src/role.rs /work/w-names/src/send.rs /work/w-names/src/send/control.rs /work/w-names/src/send/prepared.rs /work/w-names/src/timers.rs /work/w-names/src/utf8.rs

/work/w-names/src/lib.rs:
/work/w-names/src/bytes.rs:
/work/w-names/src/close.rs:
/work/w-names/src/connection.rs:
/work/w-names/src/control.rs:
/work/w-names/src/error.rs:
/work/w-names/src/event.rs:
/work/w-names/src/fragment.rs:
/work/w-names/src/frame.rs:
/work/w-names/src/fuel.rs:
/work/w-names/src/halves.rs:
/work/w-names/src/identity.rs:
/work/w-names/src/limits.rs:
/work/w-names/src/mask.rs:
/work/w-names/src/message.rs:
/work/w-names/src/message/storage.rs:
/work/w-names/src/opcode.rs:
/work/w-names/src/receive.rs:
/work/w-names/src/receive/fast.rs:
/work/w-names/src/receive/payload.rs:
/work/w-names/src/receive/pending.rs:
/work/w-names/src/receive/rules.rs:
/work/w-names/src/receive/state.rs:
/work/w-names/src/role.rs:
/work/w-names/src/send.rs:
/work/w-names/src/send/control.rs:
/work/w-names/src/send/prepared.rs:
/work/w-names/src/timers.rs:
/work/w-names/src/utf8.rs:
