use std::env;
use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result, bail};
use xshell::cmd;

use crate::project::Project;

/// The two programs of LLVM that read what instrumented tests leave.
#[derive(Debug)]
pub(crate) struct Llvm {
    pub(crate) cov: OsString,
    pub(crate) profdata: OsString,
}

impl Llvm {
    /// Takes what `LLVM_COV` and `LLVM_PROFDATA` name, else rustup's component `llvm-tools`, else the system's.
    ///
    /// # Errors
    ///
    /// When none is there that is as new as the LLVM of rustc: what brings them.
    pub(crate) fn find(project: &Project) -> Result<Self> {
        let shell = &project.shell;
        let rustc = cmd!(shell, "rustc --version --verbose").quiet().read()?;
        let said = |key: &str| {
            let mut lines = rustc.lines();
            lines
                .find_map(|line| line.strip_prefix(key))
                .with_context(|| format!("rustc does not say its {key}"))
        };
        let needed = major(said("LLVM version: ")?).context("no number")?;
        let sysroot = cmd!(shell, "rustc --print sysroot").quiet().read()?;
        let component = Path::new(&sysroot)
            .join("lib/rustlib")
            .join(said("host: ")?)
            .join("bin");
        let tool = |name: &str| {
            let variable = name.replace('-', "_").to_uppercase();
            let mut places: Vec<OsString> = env::var_os(variable).into_iter().collect();
            places.push(component.join(name).into());
            places.push(format!("{name}-{needed}").into());
            places.push(name.into());
            places.into_iter().find(|place| {
                let version = cmd!(shell, "{place} --version")
                    .quiet()
                    .ignore_stderr()
                    .read();
                version
                    .is_ok_and(|printed| version_in(&printed).is_some_and(|found| found >= needed))
            })
        };
        let (Some(cov), Some(profdata)) = (tool("llvm-cov"), tool("llvm-profdata")) else {
            bail!(
                "no llvm-cov and llvm-profdata of LLVM {needed} or newer are here: `rustup component add llvm-tools` \
                 brings them, or the system's package llvm-{needed}, or LLVM_COV and LLVM_PROFDATA name them"
            );
        };
        Ok(Self { cov, profdata })
    }
}

/// The major version in what a tool of LLVM prints with `--version`.
fn version_in(printed: &str) -> Option<u32> {
    printed
        .split_once("LLVM version ")
        .and_then(|(_, version)| major(version))
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_stands_on_any_line() {
        let debian = "Debian LLVM version 14.0.6\n  Optimized build.\n";
        assert_eq!(version_in(debian), Some(14));
        let plain = "LLVM (http://llvm.org/):\n  LLVM version 22.1.2-rust-1.95.0-stable\n";
        assert_eq!(version_in(plain), Some(22));
        assert_eq!(version_in("valgrind-3.19"), None);
    }
}
