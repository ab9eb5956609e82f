//! Cargo, started from within `cargo run`.

use std::path::PathBuf;

use dev_services::directories;
use tokio::process::Command;

use crate::error::Error;

/// What `cargo run` tells the program it runs. Build scripts that watch these variables would rebuild
/// their crates each time a nested cargo sees others.
const RUN_CONTEXT: [&str; 6] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "CARGO_PRIMARY_PACKAGE",
    "LD_LIBRARY_PATH",
];

/// Runs `cargo` with these arguments at the top of the workspace. Its output goes where ours goes.
pub async fn run(arguments: &[String], environment: &[(&str, &str)]) -> Result<(), Error> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(arguments)
        .current_dir(directories::workspace())
        .kill_on_drop(true);
    for (name, _) in std::env::vars_os() {
        if RUN_CONTEXT
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            command.env_remove(name);
        }
    }
    command
        .env("CARGO_TARGET_DIR", directories::target())
        .envs(environment.iter().copied());
    let status = command.status().await.map_err(Error::StartCargo)?;
    if status.success() {
        return Ok(());
    }
    let code = status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1);
    Err(Error::Cargo {
        subcommand: arguments.first().cloned().unwrap_or_default(),
        code,
    })
}

/// Builds the two executables.
pub async fn build_app(release: bool) -> Result<(), Error> {
    let mut arguments = ["build", "--package", "totals-worker", "--package", "totals-api"]
        .map(str::to_owned)
        .to_vec();
    if release {
        arguments.push("--release".to_owned());
    }
    run(&arguments, &[]).await
}

/// Where [`build_app`] leaves the executable `name`.
pub fn executable(name: &str, release: bool) -> PathBuf {
    directories::target()
        .join(if release { "release" } else { "debug" })
        .join(name)
}
