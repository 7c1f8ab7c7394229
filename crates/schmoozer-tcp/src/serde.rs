//! What a configuration file holds of a dialer.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::str::FromStr;
use std::time::Duration;

use schmoozer_backoff::{Constant, PolicyConfig};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::word::quoted;
use crate::{DialerConfig, Family, Order, ReconnectConfig, Target, UnknownWord};

const KEYS: [&str; 7] = [
    "targets",
    "order",
    "family",
    "timeout",
    "attempt_delay",
    "endpoint_delay",
    "dead_after",
];

macro_rules! as_text {
    ($($type:ident),+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(Error::custom)
            }
        }
    )+};
}

as_text!(Family, Order, Target);

/// What stands at a key.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum Value {
    One(String),
    Many(Vec<String>),
    #[serde(skip_serializing)]
    Other(IgnoredAny),
}

impl Serialize for DialerConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let defaults = Self::new([]);
        let targets = self.targets.iter().map(Target::to_string).collect();
        let mut table = BTreeMap::from([("targets", Value::Many(targets))]);
        for (key, value, default) in [
            ("order", self.order.to_string(), defaults.order.to_string()),
            (
                "family",
                self.family.to_string(),
                defaults.family.to_string(),
            ),
            ("timeout", written(self.timeout), written(defaults.timeout)),
            (
                "dead_after",
                written(self.dead_after),
                written(defaults.dead_after),
            ),
            ("attempt_delay", written(self.attempt_delay), written(None)),
            (
                "endpoint_delay",
                written(self.endpoint_delay),
                written(None),
            ),
        ] {
            if value != default {
                table.insert(key, Value::One(value));
            }
        }
        table.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DialerConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut config = Self::new([]);
        for (key, value) in BTreeMap::<String, Value>::deserialize(deserializer)? {
            if !KEYS.contains(&key.as_str()) {
                return Err(Error::custom(UnknownWord::new("key", &key, &KEYS)));
            }
            set(&mut config, &key, value)
                .map_err(|why| Error::custom(format_args!("`{key}`: {why}")))?;
        }
        match config.targets[..] {
            [] => Err(Error::custom("`targets` is missing")),
            _ => Ok(config),
        }
    }
}

const RECONNECT_KEYS: [&str; 3] = ["policy", "give_up_after", "stable_after"];

impl Serialize for ReconnectConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut table = serializer.serialize_map(Some(3))?;
        // As text, which comes before tables in every format.
        table.serialize_entry("policy", &self.policy.to_string())?;
        table.serialize_entry("give_up_after", &written(self.give_up_after))?;
        table.serialize_entry("stable_after", &written(Some(self.stable_after)))?;
        table.end()
    }
}

impl<'de> Deserialize<'de> for ReconnectConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;

        impl<'de> Visitor<'de> for Table {
            type Value = ReconnectConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a table with {}", RECONNECT_KEYS.join(", "))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ReconnectConfig, A::Error> {
                let mut config = ReconnectConfig::default();
                while let Some(key) = map.next_key::<String>()? {
                    let at = |why: String| A::Error::custom(format_args!("`{key}`: {why}"));
                    match key.as_str() {
                        "policy" => config.policy = map.next_value()?,
                        "give_up_after" => {
                            config.give_up_after =
                                or_none(&map.next_value::<String>()?).map_err(at)?;
                        }
                        "stable_after" => {
                            config.stable_after =
                                duration(&map.next_value::<String>()?).map_err(at)?;
                        }
                        _ => {
                            let unknown = UnknownWord::new("key", &key, &RECONNECT_KEYS);
                            return Err(A::Error::custom(unknown));
                        }
                    }
                }
                Ok(config)
            }
        }

        deserializer.deserialize_map(Table)
    }
}

fn set(config: &mut DialerConfig, key: &str, value: Value) -> Result<(), String> {
    let text = match value {
        Value::Many(targets) if key == "targets" => {
            config.targets = targets
                .iter()
                .map(|text| read(text))
                .collect::<Result<_, _>>()?;
            return Ok(());
        }
        Value::One(text) => text,
        _ => return Err("expected a string, or for `targets` a list of them".to_owned()),
    };
    match key {
        "targets" => config.targets = vec![read(&text)?],
        "order" => config.order = read(&text)?,
        "family" => config.family = read(&text)?,
        "timeout" => config.timeout = or_none(&text)?,
        "dead_after" => config.dead_after = or_none(&text)?,
        "attempt_delay" => config.attempt_delay = Some(duration(&text)?),
        _ => config.endpoint_delay = Some(duration(&text)?),
    }
    Ok(())
}

fn read<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|why: T::Err| why.to_string())
}

fn or_none(text: &str) -> Result<Option<Duration>, String> {
    match text {
        "none" | "never" => Ok(None),
        text => duration(text).map(Some),
    }
}

/// Reads a duration as the configuration of a policy has it.
fn duration(text: &str) -> Result<Duration, String> {
    let alone = text.chars().all(|c| c.is_alphanumeric() || c == '.');
    let policy = format!("constant:{text}").parse::<PolicyConfig>();
    let duration = policy
        .ok()
        .filter(|_| alone)
        .and_then(|policy| policy.into_iter().next());
    duration.ok_or_else(|| format!("{} is no duration such as 250ms", quoted(text)))
}

/// Writes a duration as the configuration of a policy has it.
fn written(duration: Option<Duration>) -> String {
    let Some(duration) = duration else {
        return "none".to_owned();
    };
    let policy = PolicyConfig::from(Constant::new(duration)).to_string();
    policy.trim_start_matches("constant:").to_owned()
}
