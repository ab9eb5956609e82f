//! Which variables a binary reads, found out by running it with values that it does not allow.

use std::collections::BTreeSet;

use tokio::process::Command;
use totals_core::runtime::config::{OTEL_EXPORTER_OTLP_ENDPOINT, VARIABLES, Variable};

/// The variable that both binaries read after all others: set to what it does not allow, it ends the start of a process
/// that has found nothing wrong before.
pub const LAST_READ: Variable = OTEL_EXPORTER_OTLP_ENDPOINT;

/// The variables that the binary reads: those of which it refuses a value that none of them allows.
pub fn variables_read(command: fn() -> Command) -> BTreeSet<&'static str> {
    let refused = "=".repeat(300);
    let reads = |name: &str| complaint(command(), &[(name, &refused)]).contains(&format!("{name} must be"));
    let names = VARIABLES.iter().map(|variable| variable.name);
    names.filter(|name| reads(name)).collect()
}

/// What the binary says of the first variable whose value it does not allow.
pub fn complaint(command: Command, environment: &[(&str, &str)]) -> String {
    let mut command = command.into_std();
    command
        .envs(environment.iter().copied())
        .env(LAST_READ.name, "none");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Returns true for a variable that names a file with the value of another one.
pub fn is_of_a_file(name: &str) -> bool {
    name.ends_with("_FILE")
}

pub fn names(variables: &[Variable]) -> BTreeSet<&'static str> {
    variables.iter().map(|variable| variable.name).collect()
}

pub fn variable(name: &str) -> &'static Variable {
    VARIABLES
        .iter()
        .find(|variable| variable.name == name)
        .unwrap_or_else(|| panic!("{name} is not a variable of either binary"))
}
