//! Cargo, started from within `cargo run` or `cargo test`.

use std::process::Command;

use crate::directories;

/// What cargo tells the program it runs. Build scripts that watch these variables would rebuild their crates, and all
/// that depends on them, each time a nested cargo sees others.
const RUN_CONTEXT: [&str; 6] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "CARGO_PRIMARY_PACKAGE",
    "LD_LIBRARY_PATH",
];

/// A cargo at the top of the workspace that builds what a cargo from the shell would build.
pub fn nested() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(directories::workspace())
        .env("CARGO_TARGET_DIR", directories::target());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if RUN_CONTEXT.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command
}
