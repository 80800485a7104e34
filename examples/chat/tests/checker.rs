//! The checker: a short run, and whether it notices nodes that break their promises.

use std::process::{Command, Output};

/// Runs the checker; `None` if what it needs is not installed.
fn check(args: &[&str]) -> Option<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-check"));
    command.args(["--chat", env!("CARGO_BIN_EXE_chat")]).args(args);
    let output = command.output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stdout));
    // It has said what is missing.
    (output.status.code() != Some(77)).then_some(output)
}

#[test]
fn no_guarantee_is_broken_by_any_fault() {
    if let Some(output) = check(&["--seed", "7", "--seconds", "12"]) {
        assert!(output.status.success());
    }
}

#[cfg(feature = "sabotage")]
fn is_noticed(mistake: &str, how: &str) {
    let mistake = format!("--node-arg=--sabotage={mistake}");
    if let Some(output) = check(&["--seed", "3", "--seconds", "5", &mistake]) {
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stdout).unwrap();
        let is_so = said.lines().any(|line| line.contains("BROKEN") && line.contains(how));
        assert!(is_so, "{how} is not what was noticed");
    }
}

#[cfg(feature = "sabotage")]
#[test]
fn a_node_that_reads_from_the_newest_message_is_noticed() {
    is_noticed("newest", " came after ");
}

#[cfg(feature = "sabotage")]
#[test]
fn a_node_that_stores_a_key_twice_is_noticed() {
    is_noticed("dedup", ", and also at ");
}

#[cfg(feature = "sabotage")]
#[test]
fn a_node_that_replays_without_a_merge_is_noticed() {
    is_noticed("merge", " came after ");
}
