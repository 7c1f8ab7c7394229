use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;
use cargo_metadata::semver::Version;
use xshell::cmd;

use crate::project::{Project, is_published};
use crate::tool::Tool;

/// Lists the public API of a crate; it asks a nightly rustdoc.
const CARGO_PUBLIC_API: Tool = Tool {
    subcommand: "public-api",
    version: "0.52.0",
};

/// Compares the public API of each published crate with what it was at the last tag `v*`.
///
/// What is gone or changed fails, unless the version has been raised so that it may. Without a tag
/// there is nothing to compare with, and it says so.
///
/// # Errors
///
/// When there is no nightly, or an API cannot be listed.
pub(crate) fn run() -> Result<ExitCode> {
    let project = Project::read()?;
    let shell = &project.shell;
    let tags = cmd!(shell, "git tag --list v* --merged HEAD");
    if tags.quiet().read().context("git")?.is_empty() {
        if cmd!(shell, "git rev-parse --is-shallow-repository")
            .quiet()
            .read()?
            == "true"
        {
            bail!(
                "this clone is shallow, and may lack the tag to compare with: git fetch --unshallow --tags"
            );
        }
        println!(
            "skipped: no tag `v*` comes before this commit, so nothing was released to keep to"
        );
        return Ok(ExitCode::SUCCESS);
    }
    let tag = cmd!(shell, "git describe --tags --abbrev=0 --match v*")
        .quiet()
        .read()?;
    cmd!(shell, "rustup run nightly rustc --version")
        .quiet()
        .ignore_stdout()
        .run()
        .context("a public API is listed by a nightly rustdoc: rustup toolchain install nightly")?;
    let path = CARGO_PUBLIC_API.ready(&project)?;
    let scratch = PathBuf::from(&project.metadata.target_directory).join("semver");
    let before = check_out(&project, &tag, &scratch)?;
    let published = published(&before)?;

    let mut broken = false;
    for (name, released) in &published {
        let now = project.published().find(|package| *package.name == *name);
        let Some(now) = now else {
            println!("{name}: no longer published");
            broken = true;
            continue;
        };
        let items =
            |root: &Path, target: &str| api(&project, &path, root, name, &scratch.join(target));
        let (old, new) = (items(&before, "before")?, items(&project.root(), "now")?);
        let gone = gone(&old, &new);
        let may_break = is_breaking(released, &now.version);
        println!(
            "{name} {} since {tag}: {} items gone or changed{}",
            now.version,
            gone.len(),
            if may_break {
                ", as its version says"
            } else {
                ""
            }
        );
        for item in &gone {
            println!("  {item}");
        }
        broken |= !gone.is_empty() && !may_break;
    }
    Ok(if broken {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Lays out the sources of `tag` beside what is built.
fn check_out(project: &Project, tag: &str, scratch: &Path) -> Result<PathBuf> {
    let shell = &project.shell;
    let sources = scratch.join("sources");
    shell.remove_path(&sources)?;
    shell.create_dir(scratch)?;
    let quiet = ["-c", "advice.detachedHead=false"];
    cmd!(
        shell,
        "git {quiet...} clone --quiet --shared --branch {tag} . {sources}"
    )
    .quiet()
    .run()?;
    Ok(sources)
}

/// The crates that were published from `root`, and their versions.
fn published(root: &Path) -> Result<Vec<(String, Version)>> {
    let mut command = MetadataCommand::new();
    let metadata = command.current_dir(root).no_deps().exec()?;
    let packages = metadata.packages.into_iter().filter(is_published);
    let published: Vec<_> = packages
        .map(|package| (package.name.to_string(), package.version))
        .collect();
    if published.is_empty() {
        bail!("nothing is published from {}", root.display());
    }
    Ok(published)
}

/// The public items of one crate, with all its features, one a line.
fn api(project: &Project, path: &OsStr, root: &Path, name: &str, target: &Path) -> Result<String> {
    let shell = &project.shell;
    let manifest = root.join("Cargo.toml");
    let chosen = [
        "--package",
        name,
        "--all-features",
        "--omit",
        "blanket-impls",
    ];
    let items = cmd!(
        shell,
        "cargo public-api --manifest-path {manifest} {chosen...} --color=never"
    )
    .env("PATH", path)
    .env("CARGO_TARGET_DIR", target)
    .quiet()
    .read()
    .with_context(|| format!("the public API of {name} in {}", root.display()))?;
    if items.is_empty() {
        bail!("{name} in {} has no public API", root.display());
    }
    Ok(items)
}

/// The items of `before` that are not in `now` as they were.
fn gone<'a>(before: &'a str, now: &str) -> Vec<&'a str> {
    let now: BTreeSet<&str> = now.lines().collect();
    before.lines().filter(|item| !now.contains(item)).collect()
}

/// Whether `now` is newer than `before` and its users do not get it by themselves, so that it may differ.
fn is_breaking(before: &Version, now: &Version) -> bool {
    let part = |version: &Version| match (version.major, version.minor) {
        (0, 0) => (0, 0, version.patch),
        (0, minor) => (0, minor, 0),
        (major, _) => (major, 0, 0),
    };
    part(before) < part(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_breaks_nothing() {
        let before = "pub fn a::f(u8)\npub fn a::g()";
        assert_eq!(
            gone(before, "pub fn a::g()\npub fn a::f(u8)\npub fn a::h()"),
            [""; 0]
        );
        assert_eq!(
            gone(before, "pub fn a::f(u16)\npub fn a::g()"),
            ["pub fn a::f(u8)"]
        );
    }

    #[test]
    fn only_a_version_that_nobody_gets_unasked_may_break() {
        let breaks = |before: &str, now: &str| {
            let [before, now] = [before, now].map(|text| text.parse().expect("a version"));
            is_breaking(&before, &now)
        };
        assert!(!breaks("0.5.0", "0.5.1"));
        assert!(breaks("0.5.1", "0.6.0"));
        assert!(breaks("0.0.1", "0.0.2"));
        assert!(!breaks("1.2.0", "1.3.0"));
        assert!(breaks("1.2.0", "2.0.0"));
        assert!(!breaks("0.6.0", "0.5.0"));
    }
}
