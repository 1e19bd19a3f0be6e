//! `pollway`: the program. A file a subcommand; here is only the choice between them.

mod answer;
mod apply;
mod check;
mod command;
mod config;
mod ctl;
mod demo;
mod dev;
mod doctor;
mod failure;
mod flags;
mod fwd;
mod r#gen;
mod lcores;
mod nearest;
mod out;
mod render;
mod schema;
mod session;
mod settings;
mod shell;
mod stop;

use clap::error::ErrorKind;
use flags::Sub;
use std::process::ExitCode;

/// What clap makes of a command line with nothing on it.
const HELP_FOR_NOTHING: ErrorKind = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;

fn main() -> ExitCode {
    let cli = match flags::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(fault) if fault.use_stderr() => {
            // Without a subcommand the fault is the help text, which is no sentence of ours.
            let whose = if fault.kind() == HELP_FOR_NOTHING { "" } else { "pollway: " };
            out::complain(&format!("{whose}{fault}"));
            return ExitCode::from(2);
        }
        // --help and --version.
        Err(answer) => answer.exit(),
    };
    let done = match cli.subcommand {
        Sub::Fwd(flags) | Sub::Switch(flags) => fwd::run(*flags),
        Sub::Ctl(flags) => {
            return ctl::run(&flags).unwrap_or_else(|failure| failure.report());
        }
        Sub::Gen(flags) => r#gen::run(&flags),
        Sub::Demo(flags) => demo::run(&flags),
        Sub::Check(flags) => check::run(&flags),
        Sub::Schema(flags) => schema::run(&flags),
        Sub::Dev(flags) => dev::run(flags),
        Sub::Doctor(flags) => {
            return doctor::run(&flags).unwrap_or_else(|failure| failure.report());
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
