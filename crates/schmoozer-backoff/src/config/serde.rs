//! A policy in a configuration file.

use core::fmt;
use std::format;
use std::string::{String, ToString as _};
use std::vec::Vec;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::ser::{SerializeMap as _, Serializer};
use serde::{Deserialize, Serialize};

use super::PolicyConfig;
use super::base::Words;
use super::duration;
use super::fault::{listed, meant, no_policy, quoted};
use super::key::{self, Key};
use super::settings::Settings;
use super::value::{MOST_DELAYS, Value};

impl Serialize for PolicyConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.collect_str(self);
        }
        let (name, settings) = self.settings();
        let mut map = serializer.serialize_map(Some(settings.len() + 1))?;
        map.serialize_entry("policy", name)?;
        for (key, value) in settings {
            let key = key.as_str();
            match value {
                Value::Factor(factor) => map.serialize_entry(key, &factor)?,
                Value::Number(number) => map.serialize_entry(key, &number)?,
                Value::Flag(flag) => map.serialize_entry(key, &flag)?,
                Value::Delays(delays) => {
                    let delays: Vec<String> =
                        delays.into_iter().map(duration::format_duration).collect();
                    map.serialize_entry(key, &delays)?;
                }
                value => map.serialize_entry(key, &value.to_string())?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for PolicyConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_any(PolicyVisitor)
        } else {
            deserializer.deserialize_str(PolicyVisitor)
        }
    }
}

struct PolicyVisitor;

impl<'de> Visitor<'de> for PolicyVisitor {
    type Value = PolicyConfig;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a table with the key `policy`, or a string such as \"exponential:250ms..30s,x2,full\"",
        )
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<PolicyConfig, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PolicyConfig, A::Error> {
        let mut name = None;
        let mut settings = Settings::default();
        while let Some(word) = map.next_key_seed(WordSeed(name))? {
            match word {
                None if name.is_some() => return Err(de::Error::duplicate_field("policy")),
                None => name = Some(map.next_value_seed(NameSeed)?),
                Some(key) if settings.has(key) => {
                    return Err(de::Error::duplicate_field(key.as_str()));
                }
                Some(key) => settings.set(key, map.next_value_seed(ValueSeed::of(key))?),
            }
        }
        let Some(words) = name else {
            return Err(de::Error::custom(format!(
                "`policy` is missing: expected {}",
                listed(Words::names(), "or")
            )));
        };
        settings
            .build(words)
            .map_err(|misfit| de::Error::custom(misfit.1))
    }
}

/// Reads a key of the table, `None` for `policy`. The policy, if it is known already, is for the error.
struct WordSeed(Option<Words>);

impl<'de> DeserializeSeed<'de> for WordSeed {
    type Value = Option<Key>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for WordSeed {
    type Value = Option<Key>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if text == "policy" {
            return Ok(None);
        }
        Key::find(text).map(Some).ok_or_else(|| {
            let keys: Vec<Key> = match self.0 {
                Some(words) => words.keys().collect(),
                None => Key::all().collect(),
            };
            let meant = meant(text, keys.iter().map(|key| key.as_str()).chain(["policy"]));
            let (text, keys) = (quoted(text), key::names(keys));
            E::custom(match self.0 {
                Some(words) => {
                    format!("unknown key {text}: `{}` takes {keys}{meant}", words.name())
                }
                None => format!("unknown key {text}: a policy takes policy, {keys}{meant}"),
            })
        })
    }
}

struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Words;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`policy` to be one of {}", listed(Words::names(), "or"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Words::find(text).ok_or_else(|| E::custom(format!("`policy`: {}", no_policy(text))))
    }
}

/// Reads the value of a key.
struct ValueSeed {
    key: Key,
    /// The key that stands in the file: one delay of a list is read as a `delay`, and stands under `delays`.
    named: Key,
}

impl ValueSeed {
    const fn of(key: Key) -> Self {
        Self { key, named: key }
    }

    fn error<E: de::Error>(&self, message: &str) -> E {
        E::custom(format!("`{}`: {message}", self.named.as_str()))
    }

    fn checked<E: de::Error>(
        &self,
        value: Option<Value>,
        given: Unexpected<'_>,
    ) -> Result<Value, E> {
        value.ok_or_else(|| self.error(&format!("{given} is not {}", self.key.expectation())))
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` to be {}",
            self.named.as_str(),
            self.key.expectation()
        )
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        if self.key == Key::Delays {
            return Err(E::invalid_type(Unexpected::Str(&quoted(text)), &self));
        }
        Value::parse(self.key, text).map_err(|fault| self.error(&fault.message))
    }

    /// A `null` says that there is no limit, as "none" does.
    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        self.checked(
            self.key.may_be_none().then_some(Value::Unlimited),
            Unexpected::Other("null"),
        )
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Value, E> {
        self.checked(
            (self.key == Key::FirstImmediate).then_some(Value::Flag(flag)),
            Unexpected::Bool(flag),
        )
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a factor is a number of 53 bits, however it is written"
    )]
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        let value = match self.key {
            Key::MaxRetries | Key::Seed => Value::number(self.key, number),
            Key::Factor => Value::factor(number as f64),
            Key::Jitter => Value::share(number as f64),
            _ => None,
        };
        self.checked(value, Unexpected::Unsigned(number))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => self.checked(None, Unexpected::Signed(number)),
        }
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        let value = match self.key {
            Key::Factor => Value::factor(number),
            Key::Jitter => Value::share(number),
            _ => None,
        };
        self.checked(value, Unexpected::Float(number))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        if self.key != Key::Delays {
            return Err(de::Error::invalid_type(Unexpected::Seq, &self));
        }
        let mut delays = Vec::new();
        while let Some(delay) = list.next_element_seed(Self {
            key: Key::Delay,
            named: Key::Delays,
        })? {
            if delays.len() == MOST_DELAYS {
                return Err(self.error(&format!("the list has more than {MOST_DELAYS} delays")));
            }
            if let Value::Duration(delay) = delay {
                delays.push(delay);
            }
        }
        Ok(Value::Delays(delays))
    }
}
