//! `totals-worker` folds donation events from RabbitMQ into campaign totals in MongoDB, exactly once in effect; with a
//! command, it is one of the operator's tools.

mod boot;
mod broker;
mod commit;
mod config;
mod consume;
mod http;
mod metrics;
mod queue_lengths;
mod slow;
mod stall;
mod tools;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};
use totals_core::runtime::config::{VARIABLES, help};

use crate::tools::Tool;

/// Each event is a dozen small pieces, taken in one thread and given back in another.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Folds donation events from RabbitMQ into campaign totals in MongoDB.
///
/// Without a command it consumes until it is stopped. The commands are the operator's tools: they work while workers
/// run, read the same environment, and end with 0 if all is well, 1 if not (`--help` of each says what that means), and 2
/// if they could not run.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    tool: Option<Tool>,
}

fn main() -> ExitCode {
    let command = Arguments::command().after_help(help(VARIABLES));
    let arguments = Arguments::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    if let Some(tool) = arguments.tool {
        return tools::run(tool);
    }
    totals_core::boot::exit("totals-worker", boot::boot())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The commands that do something, each with its full name.
    fn leaves(command: &mut clap::Command, name: &str, found: &mut Vec<(String, String)>) {
        let subcommands = command.get_subcommands_mut();
        for subcommand in subcommands.filter(|subcommand| subcommand.get_name() != "help") {
            let name = format!("{name} {}", subcommand.get_name());
            if subcommand.has_subcommands() {
                leaves(subcommand, &name, found);
            } else {
                found.push((name, subcommand.render_long_help().to_string()));
            }
        }
    }

    #[test]
    fn every_tool_explains_itself_with_an_example_and_has_json() {
        let mut command = Arguments::command();
        command.build();
        command.clone().debug_assert();
        let mut found = Vec::new();
        leaves(&mut command, "totals-worker", &mut found);
        assert!(found.len() > 3, "{found:?}");
        for (name, help) in found {
            let example = format!("    {name}");
            assert!(
                help.contains("Examples:") && help.contains(&example) && help.contains("--json"),
                "{name}: {help}"
            );
        }
    }
}
