use std::process;

use anyhow::Result;
use xshell::cmd;

use crate::cargo::cargo;
use crate::check::Report;
use crate::project::Project;
use crate::{
    examples, layering, licences, manifests, minimal_versions, product_tests, reliability, style,
};

/// What `cargo xtask check` proves, the cheapest first, so that a failure shows early.
pub(crate) const PRODUCTS: &[Step] = &[
    Step("format", "rustfmt changes nothing", format),
    Step(
        "style",
        "file names and lengths, nothing left for later; each row of the reliability page has its test",
        style,
    ),
    Step(
        "manifests",
        "inherited metadata, what crates.io shows, the Rust promised",
        manifests::check,
    ),
    Step(
        "layering",
        "no dependency that a crate's contract does not need; the crates in each tree, by system",
        layering::check,
    ),
    Step(
        "clippy",
        "no lint in the products and the small examples, with all features and with the default ones",
        clippy,
    ),
    Step(
        "test",
        "the tests of the products, with all features",
        product_tests::all_features,
    ),
    Step(
        "doctest",
        "the examples in the documentation of the products",
        product_tests::documentation,
    ),
    Step(
        "examples",
        "each small example runs on a bare machine without arguments",
        |project| examples::run(project, &project.built_together()),
    ),
];

/// What `cargo xtask check --all` proves beside that.
pub(crate) const REST: &[Step] = &[
    Step(
        "no-std",
        "schmoozer-backoff links into a program without std",
        no_std,
    ),
    Step(
        "feature-sets",
        "no lint in the library of a product with any one of its features, or with none",
        feature_sets,
    ),
    Step("clippy-all", "no lint in the whole workspace", |project| {
        lint(project, "--workspace --all-targets --all-features")
    }),
    Step("doc", "the documentation builds without a warning", doc),
    Step(
        "package",
        "what would be published builds by itself",
        package,
    ),
    Step(
        "licences",
        "licences, sources, banned crates and second versions are as deny.toml has it",
        licences::check,
    ),
    Step(
        "minimal-versions",
        "the products build with the oldest versions that they say they can",
        minimal_versions::check,
    ),
    Step(
        "test-default",
        "the tests of each product by itself, with its default features",
        product_tests::default_features,
    ),
    Step(
        "test-oldest-rust",
        "the tests of the products, on the Rust promised",
        product_tests::oldest_rust,
    ),
    Step("windows", "no lint in the products on windows-gnu", windows),
    Step(
        "test-rest",
        "the tests and documentation of all else: benchmark, torture, larger examples, these tasks",
        product_tests::others,
    ),
    Step(
        "examples-larger",
        "each larger example runs on a bare machine without arguments",
        |project| examples::run(project, &project.others()),
    ),
];

/// A name, what it proves, and how.
pub(crate) struct Step(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) fn(&Project) -> Result<Report>,
);

/// Says nothing when cargo ends well.
fn quiet(project: &Project, line: &str) -> Result<Report> {
    cargo(project, line).map(|_| Report::default())
}

fn format(project: &Project) -> Result<Report> {
    // No member of the workspace.
    let fuzz = "--manifest-path crates/fuzz/Cargo.toml";
    cargo(project, &format!("fmt --check {fuzz}"))?;
    quiet(project, "fmt --all --check")
}

fn style(project: &Project) -> Result<Report> {
    style::check(project)?;
    reliability::check(project)
}

fn lint(project: &Project, selection: &str) -> Result<Report> {
    let line = format!("clippy --locked {selection} -- -D warnings");
    quiet(project, &line)
}

fn clippy(project: &Project) -> Result<Report> {
    for selection in [project.built_together(), project.products()] {
        lint(project, &format!("--all-targets {selection}"))?;
    }
    Ok(Report::default())
}

fn feature_sets(project: &Project) -> Result<Report> {
    let mut sets = 0;
    for package in project.published() {
        let library = format!("--lib --package {}", package.name);
        let features = package.features.keys().map(String::as_str);
        for feature in features.chain([""]) {
            let line = format!("{library} --no-default-features --features={feature}");
            lint(project, &line)?;
            sets += 1;
        }
    }
    Ok(Report::line(format!("{sets} sets of features")))
}

fn no_std(project: &Project) -> Result<Report> {
    // Not of this workspace, so that no other member turns the feature `std` on.
    let manifest = "--manifest-path crates/schmoozer-backoff/tests/no_std/Cargo.toml";
    let target = project.metadata.target_directory.join("no-std");
    let _target = project.shell.push_env("CARGO_TARGET_DIR", target);
    cargo(project, &format!("build --locked {manifest}"))?;
    product_tests::run(project, manifest)
}

fn doc(project: &Project) -> Result<Report> {
    let _flags = project.shell.push_env("RUSTDOCFLAGS", "-D warnings");
    quiet(project, "doc --locked --no-deps")?;
    quiet(project, "doc --locked --workspace --no-deps --all-features")
}

fn package(project: &Project) -> Result<Report> {
    // A new one each time: cargo unpacks a crate of a given version and place once, and would build the
    // others against what was packaged before.
    let place = format!("package-{}", process::id());
    let target = project.metadata.target_directory.join(place);
    let _target = project.shell.push_env("CARGO_TARGET_DIR", &target);
    // What is packaged is what lies here, committed or not; on a clean clone that is the same.
    let line = format!("package --locked --allow-dirty {}", project.products());
    let packaged = quiet(project, &line);
    project.shell.remove_path(&target)?;
    packaged
}

fn windows(project: &Project) -> Result<Report> {
    const SYSTEM: &str = "x86_64-pc-windows-gnu";
    let printed = cmd!(
        project.shell,
        "rustc --print target-libdir --target {SYSTEM}"
    );
    let libraries = printed.quiet().ignore_stderr().read()?;
    if !project.shell.path_exists(&libraries) {
        let install = format!("rustup target add {SYSTEM}");
        return Ok(Report::skipped(&format!("std for {SYSTEM}"), &install));
    }
    let line = format!("--target {SYSTEM} --all-targets --all-features");
    lint(project, &format!("{line} {}", project.products()))
}
