//! What this program has cargo do.

use std::path::PathBuf;

use dev_services::directories;
use tokio::process::Command;

use crate::error::Error;

/// Runs `cargo` with these arguments at the top of the workspace. Its output goes where ours goes.
pub async fn run(arguments: &[String], environment: &[(&str, &str)]) -> Result<(), Error> {
    let mut command = Command::from(dev_services::cargo::nested());
    command
        .args(arguments)
        .envs(environment.iter().copied())
        .kill_on_drop(true);
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
