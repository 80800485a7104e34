//! The same work done by this crate and by its peers, interleaved, in one run.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts of messages, and times, as figures for a reader"
)]

mod args;
mod goals;
mod markdown;
mod measure;
mod peer;
mod source;
mod svg;
mod table;
mod wire;
mod workload;

use args::Args;

fn main() {
    let args = match Args::parse(lexopt::Parser::from_env()) {
        Ok(args) => args,
        Err(problem) => {
            eprintln!("{problem}\n\n{}", args::usage());
            std::process::exit(2);
        }
    };
    if args.memory {
        print!("{}", workload::memory::report(args.quick));
        return;
    }
    println!("{}", measure::cpu());
    let mut sections = Vec::new();
    for workload in workload::ALL.iter().filter(|workload| args.selects(workload.id)) {
        let section = (workload.run)(args.settings());
        if !args.goals_only {
            print!("{}", section.as_text());
        }
        sections.push(section);
    }
    print!("{}", goals::as_text(&sections));
    for (path, text) in [
        (&args.markdown, markdown::document as fn(&[table::Section]) -> String),
        (&args.svg, svg::chart),
    ] {
        if let Some(path) = path {
            std::fs::write(path, text(&sections)).expect("the file can be written");
        }
    }
}
