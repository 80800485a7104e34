//! Echo servers of this crate and of others under one load, in one interleaved run.

mod args;
mod client;
mod markdown;
mod measure;
mod process;
mod servers;
mod svg;
mod workload;

use std::process::ExitCode;

use args::Args;

fn main() -> ExitCode {
    let outcome = match Args::parse() {
        Ok(None) => {
            print!("{}", args::USAGE);
            Ok(())
        }
        Ok(Some(Args { serve: Some(name), .. })) => servers::serve(&name),
        Ok(Some(args)) => measure::run(&args),
        Err(problem) => {
            eprint!("load: {problem}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}
