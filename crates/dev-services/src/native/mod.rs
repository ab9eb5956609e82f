//! Servers as private processes of this machine.
//!
//! Nothing of the system's own MongoDB or RabbitMQ is touched: every file, port and name a server uses is
//! its own, below the directory it was given, and on the loopback interface only.

pub(crate) mod mongod;
pub(crate) mod rabbitmq;

mod instance;
mod libraries;
mod package;
mod wheel;

use std::path::{Path, PathBuf};

pub(crate) use instance::{NativeInstance, end_leftover};

/// Finds a program in the directories of `PATH`.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
