//! Deadlines with a clock that is only a number.
use core::time::Duration;
use rfc6455::{Due, Timeouts, Timing};

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn opened() -> Timing {
    let mut timing = Timing::new(Timeouts::DEFAULT, at(100));
    timing.opened(at(101));
    timing
}

#[test]
fn a_head_that_is_never_complete_times_out_once() {
    let mut timing = Timing::new(Timeouts::DEFAULT, at(100));
    timing.alive(at(109)); // bytes of a head are no sign of life
    assert_eq!(timing.deadline(), Some(at(110)));
    assert_eq!(timing.poll(Duration::from_millis(109_999)), None);
    assert_eq!(timing.poll(at(110)), Some(Due::HandshakeTimeout));
    assert_eq!(timing.poll(at(1000)), None);
    assert_eq!(timing.deadline(), None);
}

#[test]
fn silence_brings_a_ping_and_a_pong_starts_anew() {
    let mut timing = opened();
    assert_eq!(timing.poll(at(131)), Some(Due::Ping));
    assert_eq!(timing.deadline(), Some(at(151)));
    timing.alive(at(140));
    assert_eq!(timing.deadline(), Some(at(170)));
    assert_eq!(timing.poll(at(170)), Some(Due::Ping));
    assert_eq!(timing.poll(at(190)), Some(Due::PongTimeout));
    assert_eq!(timing.deadline(), None);
}

#[test]
fn a_close_that_is_never_answered_times_out_however_alive_the_peer_is() {
    let mut timing = opened();
    timing.closing(at(110));
    for second in 110..115 {
        timing.alive(at(second));
        timing.closing(at(second));
        timing.opened(at(second));
        assert_eq!(timing.poll(at(second)), None);
    }
    assert_eq!(timing.poll(at(115)), Some(Due::CloseTimeout));
}

#[test]
fn none_waits_for_ever_and_the_end_of_time_does_not_overflow() {
    let never = Timeouts::DEFAULT.handshake(None).idle(None).pong(None).close(None);
    let mut timing = Timing::new(never, at(0));
    assert_eq!((timing.deadline(), timing.poll(Duration::MAX)), (None, None));
    let mut timing = Timing::new(Timeouts::DEFAULT, Duration::MAX);
    assert_eq!((timing.deadline(), timing.poll(Duration::MAX)), (None, None));
    timing.opened(at(0));
    assert_eq!(timing.deadline(), None);
}

#[test]
fn a_clock_that_goes_back_counts_as_no_time() {
    let mut timing = opened();
    timing.alive(at(50));
    assert_eq!(timing.deadline(), Some(at(131)));
}
