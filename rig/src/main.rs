//! The rig's program.

use std::process::ExitCode;

use clap::Parser;
use waverust_rig::options::Command;
use waverust_rig::options::Options;
use waverust_rig::scenario;

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = match &options.command {
        Command::Play(play) => scenario::play(play),
        Command::Record(record) => scenario::record(record),
        Command::Duplex(duplex) => scenario::duplex(duplex),
        Command::Controls(controls) => scenario::controls(controls),
        Command::Lifecycle(lifecycle) => scenario::lifecycle(lifecycle),
    };
    match outcome {
        Ok(verdict) => ExitCode::from(verdict.exit_status()),
        Err(error) => {
            eprintln!("rig: {error}");
            ExitCode::from(2)
        }
    }
}
