//! Tables: a row for each workload, a column for each server.

use std::fmt::Write;
use std::fs;

use crate::measure::{Cell, Results, Row};

/// Returns all tables.
pub fn tables(results: &Results) -> String {
    let mut out = String::new();
    let pinned =
        if results.pinned { "server and client each on a core" } else { "cores not pinned" };
    let _ = writeln!(
        out,
        "{}; Linux {}; {pinned}; the best of {} rounds.\n\n\
         In brackets: the figure divided by the one of `rfc6455, reactor`.\n",
        cpu(),
        kernel(),
        results.rounds,
    );
    for (compressed, kind) in [(false, "plain"), (true, "compressed")] {
        let rows: Vec<_> =
            results.rows.iter().filter(|row| row.workload.compressed == compressed).collect();
        if rows.is_empty() {
            continue;
        }
        let mut table = |title: &str, figure: &dyn Fn(&Cell, Option<&Cell>) -> String| {
            let _ = writeln!(out, "## {title}, {kind} messages\n");
            out += &section(results, &rows, figure);
        };
        table("The server's CPU time per message in ns", &|cell, ours| {
            let ratio = ours.map_or(f64::NAN, |ours| cell.cpu / ours.cpu);
            format!("{:.0} ({ratio:.2})", cell.cpu)
        });
        table("Messages per second", &|cell, ours| {
            let ratio = ours.map_or(f64::NAN, |ours| cell.per_second / ours.per_second);
            format!("{:.0} ({ratio:.2})", cell.per_second)
        });
        table("System calls per message: reads / writes / waits, and all", &|cell, _| {
            cell.calls.map_or_else(String::new, |[all, reads, writes, waits]| {
                format!("{reads:.2} / {writes:.2} / {waits:.2}, {all:.2}")
            })
        });
        table("From a message to its reply in µs: median / 99th percentile", &|cell, _| {
            format!("{:.0} / {:.0}", cell.p50 / 1e3, cell.p99 / 1e3)
        });
    }
    out += &memory(results);
    out
}

fn section(
    results: &Results,
    rows: &[&Row],
    figure: &dyn Fn(&Cell, Option<&Cell>) -> String,
) -> String {
    // Servers that do not compress have no column among compressed messages.
    let columns: Vec<_> = (0..results.servers.len())
        .filter(|at| rows.iter().any(|row| row.cells[*at].is_some()))
        .collect();
    let ours = results.servers.iter().position(|server| server.name == "rfc6455, reactor");
    let mut out = String::from("| |");
    for at in &columns {
        let _ = write!(out, " {} |", results.servers[*at].name);
    }
    let _ = writeln!(out, "\n| --- |{}", " ---: |".repeat(columns.len()));
    for row in rows {
        let ours = ours.and_then(|at| row.cells[at].as_ref());
        let _ = write!(out, "| {} |", row.workload.name());
        for at in &columns {
            let text = row.cells[*at].as_ref().map_or_else(String::new, |it| figure(it, ours));
            let _ = write!(out, " {text} |");
        }
        out += "\n";
    }
    out + "\n"
}

fn memory(results: &Results) -> String {
    let mut out = String::new();
    if results.memory.iter().any(Option::is_some) {
        let _ = writeln!(
            out,
            "## Memory of the process for each of {} idle connections\n\n| server | bytes |\n| --- | ---: |",
            results.idle
        );
        for (server, bytes) in results.servers.iter().zip(&results.memory) {
            if let Some(bytes) = bytes {
                let _ = writeln!(out, "| {} | {bytes} |", server.name);
            }
        }
        out += "\n";
    }
    out += "## The servers\n\n";
    for server in &results.servers {
        let _ = writeln!(out, "- {}: {}", server.name, server.note);
    }
    for reason in &results.missing {
        let _ = writeln!(out, "- left out: {reason}");
    }
    out
}

/// Returns the CPU's name.
pub fn cpu() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(": "))
            .map_or("unknown", |(_, value)| value)
            .to_string()
    };
    let (family, model) = (field("cpu family"), field("model\t"));
    format!("{}, family {family}, model {model}", field("model name"))
}

/// Returns the kernel's version.
pub fn kernel() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_string()
}
