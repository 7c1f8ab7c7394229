use std::collections::{BTreeMap, BTreeSet};

/// One way to choose a crate's features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeatureSet {
    pub(crate) arguments: Vec<String>,
    enabled: BTreeSet<String>,
}

/// Lists the ways to choose among `features`: the default, none, each alone, and all, without two that
/// come to the same.
pub(crate) fn feature_sets(features: &BTreeMap<String, Vec<String>>) -> Vec<FeatureSet> {
    let default = FeatureSet {
        arguments: Vec::new(),
        enabled: closure(features, ["default"]),
    };
    let none = FeatureSet {
        arguments: vec!["--no-default-features".to_owned()],
        enabled: BTreeSet::new(),
    };
    let all = FeatureSet {
        arguments: vec!["--all-features".to_owned()],
        enabled: closure(features, features.keys().map(String::as_str)),
    };
    let alone = features.keys().map(|feature| FeatureSet {
        arguments: vec![
            "--no-default-features".to_owned(),
            "--features".to_owned(),
            feature.clone(),
        ],
        enabled: closure(features, [feature.as_str()]),
    });

    let mut sets: Vec<FeatureSet> = Vec::new();
    for set in [default, none, all].into_iter().chain(alone) {
        if sets.iter().all(|known| known.enabled != set.enabled) {
            sets.push(set);
        }
    }
    sets
}

/// The features that are on when those in `wanted` are asked for.
fn closure<'a>(
    features: &'a BTreeMap<String, Vec<String>>,
    wanted: impl IntoIterator<Item = &'a str>,
) -> BTreeSet<String> {
    let mut enabled = BTreeSet::new();
    let mut pending: Vec<&str> = wanted.into_iter().collect();
    while let Some(feature) = pending.pop() {
        let Some(implied) = features.get(feature) else {
            continue;
        };
        if enabled.insert(feature.to_owned()) {
            pending.extend(implied.iter().map(String::as_str));
        }
    }
    enabled.remove("default");
    enabled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets_of(features: &[(&str, &[&str])]) -> Vec<String> {
        let features = features
            .iter()
            .map(|(name, enables)| {
                let enables = enables.iter().map(ToString::to_string).collect();
                ((*name).to_owned(), enables)
            })
            .collect();
        feature_sets(&features)
            .iter()
            .map(|set| set.arguments.join(" "))
            .collect()
    }

    #[test]
    fn a_crate_without_features_is_checked_once() {
        assert_eq!(sets_of(&[]), [""]);
    }

    #[test]
    fn each_feature_is_checked_alone_and_with_all_others() {
        assert_eq!(
            sets_of(&[("a", &[]), ("b", &["dep:b"])]),
            [
                "",
                "--all-features",
                "--no-default-features --features a",
                "--no-default-features --features b",
            ]
        );
    }

    #[test]
    fn a_feature_that_is_the_default_is_not_checked_twice() {
        assert_eq!(
            sets_of(&[("default", &["std"]), ("std", &["x/std"])]),
            ["", "--no-default-features"]
        );
    }

    #[test]
    fn a_feature_that_enables_the_others_is_all_of_them() {
        assert_eq!(
            sets_of(&[("default", &["std"]), ("serde", &["std"]), ("std", &[])]),
            ["", "--no-default-features", "--all-features"]
        );
    }
}
