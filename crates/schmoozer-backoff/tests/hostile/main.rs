//! Whatever is given as a policy is read, or refused in a short line without its secrets. The fuzz targets `policy` and
//! `config` ask the same of arbitrary text.

#![cfg(feature = "config")]

#[cfg(feature = "serde")]
mod file;
mod line;
mod secrets;

use std::fs;
use std::path::Path;

/// The texts that the fuzz target of this name begins with; none where this crate lies by itself.
fn corpus(target: &str) -> Vec<String> {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    if !corpora.exists() {
        println!(
            "skipped: this crate lies by itself, without {}",
            corpora.display()
        );
        return Vec::new();
    }
    let read = |file: std::io::Result<fs::DirEntry>| fs::read_to_string(file?.path());
    let files = fs::read_dir(corpora.join(target)).expect("a directory");
    files.map(|file| read(file).expect("a text")).collect()
}
