//! The shared libraries that a downloaded program needs from this system.

use std::path::Path;

use tokio::process::Command;

use super::package;
use crate::Error;
use crate::kind::Kind;

/// Makes sure that `program` can be loaded: installs the libraries it lacks or says how to.
pub(super) async fn ensure(program: &Path, cache: &Path) -> Result<(), Error> {
    let libraries = missing(program).await?;
    if libraries.is_empty() {
        return Ok(());
    }
    let known: Option<Vec<&str>> = libraries.iter().map(|library| package_of(library)).collect();
    if let Some(mut packages) = known {
        packages.dedup();
        package::install(&packages, Kind::MongoDb.instead(), cache).await?;
    }
    let libraries = missing(program).await?;
    if libraries.is_empty() {
        return Ok(());
    }
    Err(Error::MissingLibraries {
        program: program.to_owned(),
        libraries,
    })
}

async fn missing(program: &Path) -> Result<Vec<String>, Error> {
    let output = Command::new("ldd").arg(program).output().await;
    let output = output.map_err(|source| Error::Spawn {
        program: "ldd".into(),
        source,
    })?;
    Ok(not_found(&String::from_utf8_lossy(&output.stdout)))
}

/// The libraries that a listing of `ldd` reports as `=> not found`.
fn not_found(listing: &str) -> Vec<String> {
    let names = listing
        .lines()
        .filter_map(|line| line.trim().strip_suffix("=> not found"));
    names.map(|name| name.trim().to_owned()).collect()
}

/// The Debian package that holds a library which MongoDB's own builds link to.
fn package_of(library: &str) -> Option<&'static str> {
    match library {
        "libcurl.so.4" => Some("libcurl4"),
        "libssl.so.3" | "libcrypto.so.3" => Some("libssl3"),
        "liblzma.so.5" => Some("liblzma5"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_missing_libraries_off_ldd() {
        let listing = "\tlinux-vdso.so.1 (0x00007f4a)\n\tlibcurl.so.4 => not found\n\
                       \tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f4a)\n\tlibodd.so.1 => not found\n";
        let missing = not_found(listing);
        assert_eq!(missing, ["libcurl.so.4", "libodd.so.1"]);
        assert_eq!(package_of(&missing[0]), Some("libcurl4"));
        assert_eq!(package_of(&missing[1]), None);
    }
}
