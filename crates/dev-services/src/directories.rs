//! Where this workspace keeps its files: all below Cargo's target directory, so that `cargo clean` removes them.

use std::path::{Path, PathBuf};

/// The top of the workspace.
pub fn workspace() -> PathBuf {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_dir.ancestors().nth(2).unwrap_or(crate_dir).to_owned()
}

/// Cargo's target directory: `CARGO_TARGET_DIR`, else `target` at the top of the workspace.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) if !dir.is_empty() => std::path::absolute(&dir).unwrap_or_else(|_| dir.into()),
        _ => workspace().join("target"),
    }
}

/// Data directories and downloaded programs.
pub(crate) fn cache() -> PathBuf {
    target().join("dev-services")
}
