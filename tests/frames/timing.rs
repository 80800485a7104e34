//! Deadlines with a clock that is only a number.
use core::time::Duration;
use rfc6455::{Timeouts, Timer, Timers};

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn opened() -> Timers {
    let mut timers = Timers::new(Timeouts::DEFAULT, at(100));
    timers.opened(at(101));
    timers
}

#[test]
fn a_head_that_is_never_complete_times_out_once() {
    let mut timers = Timers::new(Timeouts::DEFAULT, at(100));
    timers.received(at(109)); // bytes of a head are no sign of life
    assert_eq!(timers.deadline(), Some(at(110)));
    assert_eq!(timers.handle_timeout(Duration::from_millis(109_999)), None);
    assert_eq!(timers.handle_timeout(at(110)), Some(Timer::Handshake));
    assert_eq!(timers.handle_timeout(at(1000)), None);
    assert_eq!(timers.deadline(), None);
}

#[test]
fn silence_brings_a_ping_and_a_pong_starts_anew() {
    let mut timers = opened();
    assert_eq!(timers.handle_timeout(at(131)), Some(Timer::Ping));
    assert_eq!(timers.deadline(), Some(at(151)));
    timers.received(at(140));
    assert_eq!(timers.deadline(), Some(at(170)));
    assert_eq!(timers.handle_timeout(at(170)), Some(Timer::Ping));
    assert_eq!(timers.handle_timeout(at(190)), Some(Timer::Pong));
    assert_eq!(timers.deadline(), None);
}

#[test]
fn a_close_that_is_never_answered_times_out_however_alive_the_peer_is() {
    let mut timers = opened();
    timers.closing(at(110));
    for second in 110..115 {
        timers.received(at(second));
        timers.closing(at(second));
        timers.opened(at(second));
        assert_eq!(timers.handle_timeout(at(second)), None);
    }
    assert_eq!(timers.handle_timeout(at(115)), Some(Timer::Close));
}

#[test]
fn none_waits_for_ever_and_the_end_of_time_does_not_overflow() {
    let never = Timeouts::DEFAULT.handshake(None).idle(None).pong(None).close(None).message(None);
    let mut timers = Timers::new(never, at(0));
    assert_eq!((timers.deadline(), timers.handle_timeout(Duration::MAX)), (None, None));
    let mut timers = Timers::new(Timeouts::DEFAULT, Duration::MAX);
    assert_eq!((timers.deadline(), timers.handle_timeout(Duration::MAX)), (None, None));
    timers.opened(at(0));
    assert_eq!(timers.deadline(), None);
}

#[test]
fn a_clock_that_goes_back_counts_as_no_time() {
    let mut timers = opened();
    timers.received(at(50));
    assert_eq!(timers.deadline(), Some(at(131)));
}

#[test]
fn a_message_that_never_ends_times_out_however_alive_the_peer_is() {
    let mut timers = opened();
    timers.message_begun(at(110));
    for second in (111..410).step_by(10) {
        timers.received(at(second));
        timers.message_begun(at(second));
        assert_eq!(timers.handle_timeout(at(second)), None);
    }
    timers.received(at(409));
    assert_eq!(timers.deadline(), Some(at(410)));
    assert_eq!(timers.handle_timeout(at(410)), Some(Timer::Message));
    assert_eq!(timers.handle_timeout(at(411)), None);
    timers.message_begun(at(412));
    timers.message_ended();
    assert_eq!(timers.deadline(), Some(at(439)));
}

#[test]
fn without_a_wait_for_pongs_pings_keep_the_connection_alive() {
    let mut timers = Timers::new(Timeouts::DEFAULT.pong(None), at(0));
    timers.opened(at(0));
    for second in [30, 60, 90] {
        assert_eq!(timers.deadline(), Some(at(second)));
        assert_eq!(timers.handle_timeout(at(second)), Some(Timer::Ping));
    }
}
