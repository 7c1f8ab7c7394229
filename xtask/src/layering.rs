use anyhow::{Result, bail};
use cargo_metadata::{DependencyKind, Package};

use crate::dependency_tree::DependencyTree;
use crate::project::{Project, is_published};

/// Who may depend on what. Whoever adds a dependency adds it here, with its reason in the commit.
const LAYERS: &[Layer] = &[
    Layer {
        name: "schmoozer",
        needs: &[("schmoozer-core", None)],
        may_need: &["schmoozer-backoff", "schmoozer-tcp"],
        strangers: &[],
        trees: &[
            // Each is one more than that of the crate which it stands for.
            tree("--no-default-features", 4).without_proc_macros(),
            tree("--no-default-features --features backoff", 6).without_proc_macros(),
            tree("", 16).without(&[("tokio", "macros"), ("tokio", "rt-multi-thread")]),
        ],
    },
    Layer {
        name: "schmoozer-backoff",
        needs: &[("fastrand", None)],
        may_need: &["backoff", "serde"],
        strangers: &["schmoozer", "schmoozer-core", "schmoozer-tcp", "tokio"],
        trees: &[
            tree("", 2).without_proc_macros(),
            tree("--features serde", 4).without_proc_macros(),
        ],
    },
    Layer {
        name: "schmoozer-core",
        needs: &[("tokio", Some(&["sync", "time"]))],
        may_need: &["metrics", "tracing"],
        strangers: &["schmoozer", "schmoozer-backoff", "schmoozer-tcp"],
        trees: &[
            tree("--no-default-features", 3)
                .without_proc_macros()
                .without(&[("tokio", "net"), ("tokio", "macros"), ("tokio", "rt")]),
            // `rt` is there by default: `Runner::spawn` needs it, and it adds no crate.
            tree("", 3)
                .without_proc_macros()
                .without(&[("tokio", "net"), ("tokio", "macros")]),
            tree("--features tracing", 6)
                .without_proc_macros()
                .without(&[("tokio", "net"), ("tokio", "macros")]),
        ],
    },
    Layer {
        name: "schmoozer-tcp",
        needs: &[
            ("fastrand", None),
            ("nix", None),
            ("schmoozer-backoff", None),
            ("schmoozer-core", None),
            ("socket2", None),
            ("thiserror", None),
            ("tokio", Some(&["net", "sync", "time"])),
        ],
        may_need: &["hickory-resolver", "serde"],
        strangers: &["schmoozer"],
        trees: &[tree("", 21).without(&[("tokio", "macros"), ("tokio", "rt-multi-thread")])],
    },
];

/// What one published crate may depend on.
struct Layer {
    name: &'static str,
    /// Its normal dependencies, all of them, and where it matters exactly which features it asks for.
    needs: &'static [(&'static str, Option<&'static [&'static str]>)],
    /// Dependencies that may stand behind a feature.
    may_need: &'static [&'static str],
    /// Crates that it must not know at all, not even in tests.
    strangers: &'static [&'static str],
    trees: &'static [Tree],
}

/// What the users of a crate compile.
struct Tree {
    /// How cargo is told which features they chose.
    chosen: &'static str,
    /// The most crates that the tree may hold, the crate itself included.
    at_most: usize,
    proc_macros: bool,
    /// Features of other crates that they must not get.
    without: &'static [(&'static str, &'static str)],
}

const fn tree(chosen: &'static str, at_most: usize) -> Tree {
    Tree {
        chosen,
        at_most,
        proc_macros: true,
        without: &[],
    }
}

impl Tree {
    const fn without_proc_macros(mut self) -> Self {
        self.proc_macros = false;
        self
    }

    const fn without(mut self, features: &'static [(&'static str, &'static str)]) -> Self {
        self.without = features;
        self
    }
}

/// A dependency as a manifest declares it.
#[derive(Debug, Clone)]
struct Declared {
    name: String,
    kind: DependencyKind,
    optional: bool,
    features: Vec<String>,
    default_features: bool,
}

/// Proves that no crate depends on what its contract does not need.
///
/// # Errors
///
/// Names each crate and the dependency that it must not have.
pub(crate) fn check(project: &Project) -> Result<()> {
    let packages = project.packages();
    let mut faults = Vec::new();
    for package in project.published() {
        if !LAYERS.iter().any(|layer| *package.name == layer.name) {
            faults.push(format!("{} is published, but has no layer", package.name));
        }
        faults.extend(unpublished_dependencies(project, package));
    }
    for layer in LAYERS {
        let Some(package) = packages.iter().find(|package| *package.name == layer.name) else {
            faults.push(format!("{} is not in the workspace", layer.name));
            continue;
        };
        faults.extend(layer.faults_in_manifest(&declared(package)));
        for tree in layer.trees {
            let chosen: Vec<&str> = tree.chosen.split_whitespace().collect();
            let resolved = DependencyTree::resolve(project, layer.name, &chosen)?;
            faults.extend(layer.faults_in_tree(tree, &resolved));
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

impl Layer {
    fn faults_in_manifest(&self, declared: &[Declared]) -> Vec<String> {
        let name = self.name;
        let mut faults = Vec::new();
        for dependency in declared {
            let on = &dependency.name;
            if self.strangers.contains(&on.as_str()) {
                faults.push(format!("{name} must not know {on}, not even in tests"));
            }
            if dependency.kind == DependencyKind::Development {
                continue;
            }
            let needed = self.needs.iter().find(|(needed, _)| needed == on);
            match needed {
                None if dependency.optional && self.may_need.contains(&on.as_str()) => {}
                None if dependency.optional => {
                    faults.push(format!("{name} must not depend on {on}, even as an option"));
                }
                None => faults.push(format!("{name} must not depend on {on}")),
                Some((_, None)) => {}
                Some((_, Some(features))) => {
                    if dependency.default_features {
                        faults.push(format!("{name} must not take {on}'s default features"));
                    }
                    for feature in &dependency.features {
                        if !features.contains(&feature.as_str()) {
                            faults.push(format!("{name} must not ask {on} for `{feature}`"));
                        }
                    }
                }
            }
        }
        for (needed, _) in self.needs {
            if !declared.iter().any(|dependency| {
                dependency.name == *needed
                    && dependency.kind == DependencyKind::Normal
                    && !dependency.optional
            }) {
                faults.push(format!(
                    "{name} no longer depends on {needed}: say so in LAYERS"
                ));
            }
        }
        faults
    }

    fn faults_in_tree(&self, rule: &Tree, tree: &DependencyTree) -> Vec<String> {
        let name = self.name;
        let with = match rule.chosen {
            "" => "by default",
            chosen => chosen,
        };
        let mut faults = Vec::new();
        if tree.crates.len() > rule.at_most {
            let names: Vec<_> = tree.crates.iter().map(|one| one.name.as_str()).collect();
            faults.push(format!(
                "{name} {with} brings {} crates, at most {} are allowed: {}",
                names.len(),
                rule.at_most,
                names.join(", ")
            ));
        }
        for dependency in &tree.crates {
            let on = &dependency.name;
            let path = dependency.path.join(" > ");
            if dependency.proc_macro && !rule.proc_macros {
                faults.push(format!("{name} {with} brings a proc macro: {path} > {on}"));
            }
            for (other, feature) in rule.without {
                if on == other && dependency.features.iter().any(|on| on == feature) {
                    faults.push(format!("{name} {with} brings `{feature}` of {path} > {on}"));
                }
            }
        }
        faults
    }
}

fn declared(package: &Package) -> Vec<Declared> {
    package
        .dependencies
        .iter()
        .map(|dependency| Declared {
            name: dependency.name.clone(),
            kind: dependency.kind,
            optional: dependency.optional,
            features: dependency.features.clone(),
            default_features: dependency.uses_default_features,
        })
        .collect()
}

/// Nobody who publishes depends on what is not published: benchmarks, examples, this program.
fn unpublished_dependencies(project: &Project, package: &Package) -> Vec<String> {
    let unpublished = |name: &str| {
        project
            .packages()
            .iter()
            .any(|other| *other.name == name && !is_published(other))
    };
    package
        .dependencies
        .iter()
        .filter(|dependency| unpublished(&dependency.name))
        .map(|dependency| {
            format!(
                "{} must not depend on {}, which is not published",
                package.name, dependency.name
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYER: Layer = Layer {
        name: "core",
        needs: &[("tokio", Some(&["sync", "time"]))],
        may_need: &["tracing"],
        strangers: &["backoff"],
        trees: &[RULE],
    };
    const RULE: Tree = tree("", 2)
        .without_proc_macros()
        .without(&[("tokio", "net")]);

    fn on(name: &str, features: &[&str]) -> Declared {
        Declared {
            name: name.to_owned(),
            kind: DependencyKind::Normal,
            optional: false,
            features: features.iter().map(ToString::to_string).collect(),
            default_features: false,
        }
    }

    #[test]
    fn a_manifest_with_what_the_layer_needs_is_good() {
        let tracing = Declared {
            optional: true,
            ..on("tracing", &[])
        };
        let declared = [on("tokio", &["sync", "time"]), tracing];
        assert!(LAYER.faults_in_manifest(&declared).is_empty());
    }

    #[test]
    fn a_dependency_that_nobody_allowed_is_named() {
        let declared = [on("tokio", &[]), on("libc", &[])];
        assert_eq!(
            LAYER.faults_in_manifest(&declared),
            ["core must not depend on libc"]
        );
    }

    #[test]
    fn an_option_must_be_allowed_and_stay_an_option() {
        let libc = Declared {
            optional: true,
            ..on("libc", &[])
        };
        let declared = [on("tokio", &[]), libc, on("tracing", &[])];
        assert_eq!(
            LAYER.faults_in_manifest(&declared),
            [
                "core must not depend on libc, even as an option",
                "core must not depend on tracing"
            ]
        );
    }

    #[test]
    fn a_feature_that_nobody_allowed_is_named() {
        let tokio = Declared {
            default_features: true,
            ..on("tokio", &["net", "time"])
        };
        assert_eq!(
            LAYER.faults_in_manifest(&[tokio]),
            [
                "core must not take tokio's default features",
                "core must not ask tokio for `net`"
            ]
        );
    }

    #[test]
    fn a_stranger_is_not_welcome_in_tests_either() {
        let backoff = Declared {
            kind: DependencyKind::Development,
            ..on("backoff", &[])
        };
        assert_eq!(
            LAYER.faults_in_manifest(&[on("tokio", &[]), backoff]),
            ["core must not know backoff, not even in tests"]
        );
    }

    #[test]
    fn a_dependency_that_went_away_leaves_the_table_too() {
        assert_eq!(
            LAYER.faults_in_manifest(&[]),
            ["core no longer depends on tokio: say so in LAYERS"]
        );
    }

    fn faults_in(printed: &str) -> Vec<String> {
        let tree = DependencyTree::parse(printed).expect("a tree");
        LAYER.faults_in_tree(&RULE, &tree)
    }

    #[test]
    fn a_tree_within_its_bounds_is_good() {
        assert!(faults_in("0core v1|\n1tokio v1|sync,time\n").is_empty());
    }

    #[test]
    fn a_proc_macro_is_named_with_the_way_it_came_in() {
        assert_eq!(
            faults_in("0core v1|\n1tokio-macros v1 (proc-macro)|\n"),
            ["core by default brings a proc macro: core > tokio-macros"]
        );
    }

    #[test]
    fn a_feature_that_came_in_by_others_is_named() {
        assert_eq!(
            faults_in("0core v1|\n1tokio v1|net,time\n"),
            ["core by default brings `net` of core > tokio"]
        );
    }

    #[test]
    fn a_tree_that_has_grown_is_listed() {
        assert_eq!(
            faults_in("0core v1|\n1tokio v1|time\n2mio v1|\n"),
            ["core by default brings 3 crates, at most 2 are allowed: core, tokio, mio"]
        );
    }
}
