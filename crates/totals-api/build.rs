//! Packs Scalar's bundle into the binary: compressed once here (4.9 MB become 1.4 MB) rather than at each start, and
//! named by its checksum, so that browsers may keep it for ever and still fetch the next version.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;

use flate2::write::GzEncoder;
use flate2::{Compression, Crc};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let script = scalar_api_reference::get_asset("scalar.js")
        .ok_or("the crate scalar_api_reference no longer holds scalar.js")?;
    let mut checksum = Crc::new();
    checksum.update(&script);
    let packed = PathBuf::from(std::env::var("OUT_DIR")?).join("scalar.js.gz");
    let mut encoder = GzEncoder::new(std::fs::File::create(packed)?, Compression::best());
    encoder.write_all(&script)?;
    encoder.finish()?;
    println!("cargo:rustc-env=SCALAR_CHECKSUM={:08x}", checksum.sum());
    Ok(())
}
