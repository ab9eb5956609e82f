//! Packs what Vite has built (`dist/`, committed) into the binary: each file as it is and in gzip, with its checksum. So
//! `cargo build` needs no Node, and no file is compressed while somebody waits.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use flate2::{Compression, Crc};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=dist");
    let dist = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("dist");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut files = Vec::new();
    collect(&dist, &mut files)?;
    files.sort();
    let mut table = String::from("&[\n");
    for (place, file) in files.iter().enumerate() {
        let content = fs::read(file)?;
        let packed = out.join(format!("{place}.gz"));
        let mut encoder = GzEncoder::new(fs::File::create(&packed)?, Compression::best());
        encoder.write_all(&content)?;
        encoder.finish()?;
        let mut checksum = Crc::new();
        checksum.update(&content);
        writeln!(
            table,
            "    Asset {{ path: {path:?}, content_type: {:?}, etag: \"\\\"{:08x}\\\"\", plain: include_bytes!({plain:?}), \
             gzip: include_bytes!({packed:?}) }},",
            content_type(file)?,
            checksum.sum(),
            path = format!("/{}", text(file.strip_prefix(&dist)?)?),
            plain = text(file)?,
            packed = text(&packed)?,
        )?;
    }
    table.push_str("]\n");
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

fn text(path: &Path) -> Result<&str, String> {
    let text = path.to_str();
    text.ok_or_else(|| format!("{} is no UTF-8", path.display()))
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn content_type(file: &Path) -> Result<&'static str, String> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => Ok("text/html; charset=utf-8"),
        Some("js") => Ok("text/javascript; charset=utf-8"),
        Some("css") => Ok("text/css; charset=utf-8"),
        Some("svg") => Ok("image/svg+xml"),
        Some("md") => Ok("text/markdown; charset=utf-8"),
        _ => Err(format!(
            "build.rs does not know what kind of file {} is",
            file.display()
        )),
    }
}
