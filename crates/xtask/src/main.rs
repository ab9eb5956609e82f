//! The commands of this repository, run as `cargo xtask COMMAND`.
//!
//! One file (or folder) for each command; what several need stands beside them.

mod bench;
mod cargo;
mod chaos;
#[cfg(test)]
mod circles;
mod demo;
mod environment;
mod error;
mod http;
#[cfg(test)]
mod map;
mod publish;
mod running;
mod sabotage;
mod test;
mod up;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use error::Error;

/// The commands of this repository.
#[derive(Debug, Parser)]
#[command(
    name = "xtask",
    bin_name = "cargo xtask",
    arg_required_else_help = true,
    after_help = "Start with `cargo xtask up`. `cargo xtask help COMMAND` explains a command."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(up::Args),
    Test(test::Args),
    Demo(demo::Args),
    Publish(publish::Args),
    Bench(bench::Args),
    Chaos(chaos::Args),
    Sabotage(sabotage::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // What dev-services has to say while it downloads or waits; our own output is plain text.
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| "dev_services=info".into()))
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_target(false)
        .without_time()
        .init();
    let outcome = match cli.command {
        Command::Up(args) => up::run(&args).await,
        Command::Test(args) => test::run(&args).await,
        Command::Demo(args) => demo::run(&args).await,
        Command::Publish(args) => publish::run(&args).await,
        Command::Bench(args) => bench::run(&args).await,
        Command::Chaos(args) => chaos::run(&args).await,
        Command::Sabotage(args) => sabotage::run(&args).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Cargo { code, .. }) => ExitCode::from(code), // cargo has said what is wrong
        Err(error) => {
            eprintln!("{}", error::chain(&error));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_command_explains_itself_with_an_example() {
        let mut cli = Cli::command();
        cli.build();
        cli.clone().debug_assert();
        for command in cli
            .get_subcommands_mut()
            .filter(|command| command.get_name() != "help")
        {
            let help = command.render_long_help().to_string();
            let example = format!("    cargo xtask {}", command.get_name());
            assert!(help.contains("Examples:") && help.contains(&example), "{help}");
        }
    }
}
