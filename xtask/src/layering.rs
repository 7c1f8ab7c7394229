use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use cargo_metadata::semver::VersionReq;
use cargo_metadata::{Dependency, DependencyKind};

use crate::check::Report;
use crate::dependency_tree::DependencyTree;
use crate::layers::{LAYERS, Layer, Tree};
use crate::project::Project;

/// Published, and needed by the tests of crates that it needs itself.
const FAULTS: &str = "schmoozer-faults";

/// Proves that no crate depends on what its contract does not need.
///
/// # Errors
///
/// Names each crate and the dependency that it must not have.
pub(crate) fn check(project: &Project) -> Result<Report> {
    let mut faults = Vec::new();
    for package in project.published() {
        let layer = LAYERS.iter().find(|layer| *package.name == layer.name);
        let layer = layer.with_context(|| format!("{} has no layer", package.name))?;
        faults.extend(layer.faults_in_manifest(&package.dependencies));
        for tree in layer.trees {
            let resolved = DependencyTree::resolve(project, layer.name, tree.0, tree.1)?;
            faults.extend(layer.faults_in_tree(tree, &resolved));
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(Report::line("each tree, on each system"))
}

impl Layer {
    fn faults_in_manifest(&self, dependencies: &[Dependency]) -> Vec<String> {
        let name = self.name;
        let mut faults = Vec::new();
        let mut all = BTreeSet::new();
        for dependency in dependencies {
            let on = dependency.name.as_str();
            if self.strangers.contains(&on) {
                faults.push(format!("{name} must not know {on}, not even in tests"));
            }
            if dependency.kind != DependencyKind::Development {
                all.insert(declared(dependency));
            } else if on == FAULTS && dependency.req != VersionReq::STAR {
                // With a version, each of the two would have to be published before the other.
                faults.push(format!("{name} must name {on} by its path alone"));
            }
        }
        let allowed = self.declares.iter().map(ToString::to_string).collect();
        for unexpected in all.difference(&allowed) {
            faults.push(format!("{name} must not depend on {unexpected}"));
        }
        for missing in allowed.difference(&all) {
            faults.push(format!("{name} no longer depends on {missing}"));
        }
        faults
    }

    fn faults_in_tree(&self, rule: &Tree, tree: &DependencyTree) -> Vec<String> {
        let Tree(chosen, system, at_most, forbidden) = rule;
        let with = format!("{} {chosen} on {system} brings", self.name);
        let mut faults = Vec::new();
        let names: Vec<_> = tree.crates.iter().map(|one| one.name.as_str()).collect();
        if names.len() > *at_most {
            let (brings, names) = (names.len(), names.join(", "));
            faults.push(format!("{with} {brings} crates, not {at_most}: {names}"));
        }
        for dependency in &tree.crates {
            for what in &dependency.is {
                if forbidden.contains(&what.as_str()) {
                    faults.push(format!("{with} {what}: {}", dependency.path));
                }
            }
        }
        faults
    }
}

/// A dependency as [`LAYERS`] has it.
fn declared(dependency: &Dependency) -> String {
    let optional = if dependency.optional { "optional " } else { "" };
    let mut features = dependency.features.clone();
    if dependency.uses_default_features {
        features.push("default".to_owned());
    }
    features.sort();
    match dependency.name.as_str() {
        "tokio" => format!("{optional}tokio: {}", features.join(", ")),
        name => format!("{optional}{name}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;

    const LAYER: Layer = Layer {
        name: "core",
        declares: &["tokio: sync, time", "optional tracing"],
        strangers: &["backoff"],
        trees: &[],
    };

    /// A dependency as `cargo metadata` describes it: what `changes` says, and otherwise as most are.
    fn on(name: &str, changes: Value) -> Dependency {
        let mut json = json!({
            "name": name, "req": "^1", "kind": null, "optional": false,
            "uses_default_features": false, "features": [], "target": null,
        });
        let changes = serde_json::from_value::<Map<_, _>>(changes).expect("an object");
        json.as_object_mut().expect("an object").extend(changes);
        serde_json::from_value(json).expect("a dependency")
    }

    #[test]
    fn a_manifest_declares_what_its_layer_has_and_no_more() {
        let mut dependencies = vec![
            on("tokio", json!({"features": ["time", "sync"]})),
            on("tracing", json!({"optional": true})),
            on(FAULTS, json!({"kind": "dev", "req": "*"})),
        ];
        assert_eq!(LAYER.faults_in_manifest(&dependencies), [""; 0]);
        dependencies[0].uses_default_features = true;
        dependencies[1].optional = false;
        dependencies[2] = on(FAULTS, json!({"kind": "dev"}));
        dependencies.push(on("backoff", json!({"kind": "dev"})));
        let faults = [
            "must name schmoozer-faults by its path alone",
            "must not know backoff, not even in tests",
            "must not depend on tokio: default, sync, time",
            "must not depend on tracing",
            "no longer depends on optional tracing",
            "no longer depends on tokio: sync, time",
        ];
        let faults = faults.map(|fault| format!("core {fault}"));
        assert_eq!(LAYER.faults_in_manifest(&dependencies), faults);
    }

    #[test]
    fn what_a_tree_must_not_hold_is_named_with_the_way_it_came_in() {
        let printed = "0core v1|\n1macros v1 (proc-macro)|\n1tokio v1|net,time\n2mio v1|";
        let tree = DependencyTree::parse(printed).expect("a tree");
        let faults =
            |at_most, forbidden| LAYER.faults_in_tree(&Tree("", "unix", at_most, forbidden), &tree);
        assert_eq!(faults(4, &["tokio/rt"]), [""; 0]);
        let both = ["a proc macro: core > macros", "tokio/net: core > tokio"];
        let both = both.map(|fault| format!("core  on unix brings {fault}"));
        assert_eq!(faults(4, &["a proc macro", "tokio/net"]), both);
        let names = "core, macros, tokio, mio";
        let fault = format!("core  on unix brings 4 crates, not 3: {names}");
        assert_eq!(faults(3, &[]), [fault]);
    }
}
