/work/w-names/tests/no_panic/target/debug/deps/rfc6455_no_panic-f29dfbf25159e955.d: src/main.rs

/work/w-names/tests/no_panic/target/debug/deps/librfc6455_no_panic-f29dfbf25159e955.rmeta: src/main.rs

src/main.rs:
