use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

/// A directory for the data of a server, which is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    pub(crate) fn new() -> io::Result<Self> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "schmoozer-torture-{}-{}",
            process::id(),
            MADE.fetch_add(1, Ordering::Relaxed)
        );
        // As `/proc` names it, where a link leads to it.
        let path = env::temp_dir().canonicalize()?.join(name);
        fs::create_dir(&path)?;
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("{} is left behind: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_a_directory_of_its_own_and_goes_with_what_is_in_it() {
        let (one, other) = (Scratch::new().unwrap(), Scratch::new().unwrap());
        let (kept, gone) = (one.path().to_owned(), other.path().to_owned());
        assert_ne!(kept, gone);
        fs::write(gone.join("data"), "").unwrap();
        drop(other);
        assert!(kept.exists() && !gone.exists());
    }
}
