use std::str::FromStr;

use anyhow::{Context, Error, Result};
use spdx::{Expression, Licensee, ParseMode};
use toml::{Table, Value};

use crate::dependency_tree::Dependency;

/// What `deny.toml` allows and forbids, as far as it can be told without cargo-deny.
#[derive(Debug)]
pub(crate) struct DenyLists {
    licences: Vec<Licensee>,
    registries: Vec<String>,
    bans: Vec<Ban>,
    /// Crates, as `name@version`, that may be there beside another version.
    skips: Vec<String>,
}

/// A crate that only few may depend on.
#[derive(Debug)]
struct Ban {
    name: String,
    wrappers: Vec<String>,
    reason: String,
}

impl FromStr for DenyLists {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let table: Table = text.parse()?;
        let licences = strings(list(&table, "licenses", "allow")?)?;
        let licences = licences.iter().map(|name| Licensee::parse(name));
        let bans = list(&table, "bans", "deny")?.iter().map(|ban| {
            let wrappers = ban.get("wrappers").and_then(Value::as_array);
            Ok(Ban {
                name: string(ban, "crate")?,
                wrappers: strings(wrappers.context("a ban without wrappers")?)?,
                reason: string(ban, "reason")?,
            })
        });
        let skips = list(&table, "bans", "skip")?.iter();
        Ok(Self {
            licences: licences.collect::<Result<_, _>>()?,
            registries: strings(list(&table, "sources", "allow-registry")?)?,
            bans: bans.collect::<Result<_>>()?,
            skips: skips
                .map(|skip| string(skip, "crate"))
                .collect::<Result<_>>()?,
        })
    }
}

impl DenyLists {
    /// Says so if `expression` leaves nothing to choose that is allowed.
    pub(crate) fn licence_fault(&self, name: &str, expression: Option<&str>) -> Option<String> {
        let Some(expression) = expression else {
            return Some(format!("{name} does not say its licence"));
        };
        let is_allowed = Expression::parse_mode(expression, ParseMode::LAX).is_ok_and(|parsed| {
            parsed.evaluate(|asked| self.licences.iter().any(|ours| ours.satisfies(asked)))
        });
        (!is_allowed).then(|| format!("{name} has the licence {expression}, which is not allowed"))
    }

    /// Says so if a crate comes from elsewhere than an allowed registry; without a source, it is ours.
    pub(crate) fn source_fault(&self, name: &str, source: Option<&str>) -> Option<String> {
        let source = source?;
        let is_allowed = source
            .strip_prefix("registry+")
            .is_some_and(|registry| self.registries.iter().any(|allowed| allowed == registry));
        (!is_allowed).then(|| format!("{name} comes from {source}, which is not allowed"))
    }

    /// Names those that depend on a banned crate and may not.
    pub(crate) fn ban_faults<'a>(
        &self,
        name: &str,
        dependents: impl FnOnce() -> Vec<&'a str>,
    ) -> Vec<String> {
        let Some(ban) = self.bans.iter().find(|ban| ban.name == name) else {
            return Vec::new();
        };
        dependents()
            .into_iter()
            .filter(|dependent| !ban.wrappers.iter().any(|wrapper| wrapper == dependent))
            .map(|dependent| format!("{dependent} depends on {name}: {}", ban.reason))
            .collect()
    }

    /// Names the banned crates in what a user of `package` gets without asking for it.
    pub(crate) fn faults_by_default(&self, package: &str, crates: &[Dependency]) -> Vec<String> {
        let is_there = |ban: &&Ban| crates.iter().any(|found| found.name == ban.name);
        self.bans
            .iter()
            .filter(is_there)
            .map(|ban| format!("{package} has {} by default: {}", ban.name, ban.reason))
            .collect()
    }

    /// Names the crates that a user of `package` gets in two versions, neither of which is skipped.
    pub(crate) fn duplicates(&self, package: &str, crates: &[Dependency]) -> Vec<String> {
        let counted: Vec<&Dependency> = crates.iter().filter(|one| !self.is_skipped(one)).collect();
        let pairs = counted.iter().enumerate().filter_map(|(index, one)| {
            let before = counted[..index].iter();
            before
                .rev()
                .find(|other| other.name == one.name)
                .map(|other| {
                    format!(
                        "{package} has {} in two versions: {} and {}",
                        one.name, other.version, one.version
                    )
                })
        });
        pairs.collect()
    }

    fn is_skipped(&self, one: &Dependency) -> bool {
        let version = one.version.trim_start_matches('v');
        self.skips.iter().any(|skip| {
            let (name, begin) = skip.split_once('@').unwrap_or((skip, ""));
            let rest = version.strip_prefix(begin);
            let is_begin = rest
                .is_some_and(|rest| begin.is_empty() || rest.is_empty() || rest.starts_with('.'));
            name == one.name && is_begin
        })
    }
}

fn list<'a>(table: &'a Table, section: &str, key: &str) -> Result<&'a Vec<Value>> {
    let value = table.get(section).and_then(|section| section.get(key));
    value
        .and_then(Value::as_array)
        .with_context(|| format!("no list `{key}` in [{section}]"))
}

fn strings(values: &[Value]) -> Result<Vec<String>> {
    let strings = values.iter().map(|value| value.as_str().map(str::to_owned));
    strings
        .collect::<Option<_>>()
        .context("a list that holds other things than text")
}

fn string(table: &Value, key: &str) -> Result<String> {
    let value = table.get(key).and_then(Value::as_str);
    value
        .map(str::to_owned)
        .with_context(|| format!("no `{key}` in {table}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
        [licenses]
        allow = ["MIT", "Unicode-3.0"]
        [sources]
        allow-registry = ["https://ours"]
        [bans]
        skip = [{ crate = "syn@2" }]
        deny = [{ crate = "instant", wrappers = ["backoff"], reason = "unmaintained" }]
    "#;

    fn lists() -> DenyLists {
        TEXT.parse().expect("lists")
    }

    fn crates(crates: &[(&str, &str)]) -> Vec<Dependency> {
        let dependency = |(name, version): &(&str, &str)| Dependency {
            name: (*name).to_owned(),
            version: (*version).to_owned(),
            proc_macro: false,
            features: Vec::new(),
            path: Vec::new(),
        };
        crates.iter().map(dependency).collect()
    }

    #[test]
    fn a_licence_is_good_if_one_of_its_choices_is_allowed_whole() {
        let good = [
            "MIT",
            "GPL-3.0 OR MIT",
            "MIT/Apache-2.0",
            "(GPL-2.0 OR MIT) AND Unicode-3.0",
        ];
        for licence in good {
            assert_eq!(lists().licence_fault("a", Some(licence)), None);
        }
        let bad = [
            "GPL-3.0",
            "MIT AND Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
            "mine",
        ];
        for licence in bad {
            let fault = format!("a has the licence {licence}, which is not allowed");
            assert_eq!(lists().licence_fault("a", Some(licence)), Some(fault));
        }
        let fault = lists().licence_fault("a", None).expect("a fault");
        assert_eq!(fault, "a does not say its licence");
    }

    #[test]
    fn only_what_lies_here_or_in_the_registry_is_allowed() {
        assert_eq!(lists().source_fault("a", None), None);
        assert_eq!(
            lists().source_fault("a", Some("registry+https://ours")),
            None
        );
        for source in ["registry+https://other", "git+https://ours"] {
            let fault = format!("a comes from {source}, which is not allowed");
            assert_eq!(lists().source_fault("a", Some(source)), Some(fault));
        }
    }

    #[test]
    fn a_banned_crate_is_for_its_wrappers_and_nobodys_default() {
        let faults = lists().ban_faults("instant", || vec!["backoff", "core"]);
        assert_eq!(faults, ["core depends on instant: unmaintained"]);
        assert_eq!(lists().ban_faults("tokio", || vec!["core"]), [""; 0]);

        let tree = crates(&[("backoff", "v0.4.0"), ("instant", "v0.1.13")]);
        let faults = lists().faults_by_default("core", &tree);
        assert_eq!(faults, ["core has instant by default: unmaintained"]);
    }

    #[test]
    fn a_second_version_is_found_unless_it_is_skipped() {
        let tree = crates(&[
            ("syn", "v2.0.1"),
            ("rand", "v0.8.1"),
            ("syn", "v3.0.0"),
            ("rand", "v0.9.2"),
        ]);
        assert_eq!(
            lists().duplicates("tcp", &tree),
            ["tcp has rand in two versions: v0.8.1 and v0.9.2"]
        );
        let tree = crates(&[("syn", "v20.0.0"), ("syn", "v3.0.0")]);
        assert_eq!(lists().duplicates("tcp", &tree).len(), 1);
    }

    #[test]
    fn lists_that_are_not_there_are_named() {
        let error = "[licenses]".parse::<DenyLists>().expect_err("an error");
        assert_eq!(error.to_string(), "no list `allow` in [licenses]");
    }
}
