//! What a configuration file holds of a dialer and a connector.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor,
};
use serde::ser::{Serialize, Serializer};

use super::text::{Keyed, invalid};
use crate::{DialerConfig, Family, Order, PolicyConfig, ReconnectConfig, Target};

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

macro_rules! as_table {
    ($($type:ident),+) => {$(
        /// As a table; formats that are not for people hold the line.
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_map(self.written())
                } else {
                    serializer.collect_str(self)
                }
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let table = Table(Self::unset());
                if deserializer.is_human_readable() {
                    deserializer.deserialize_any(table)
                } else {
                    deserializer.deserialize_str(table)
                }
            }
        }
    )+};
}

as_table!(DialerConfig, ReconnectConfig);

/// What stands at a key.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Integer(i64),
    Number(f64),
    List(Vec<String>),
    Null,
    Other(IgnoredAny),
}

/// Reads a table into what is unset, or the line that `FromStr` reads.
struct Table<C>(C);

impl<'de, C: Keyed> Visitor<'de> for Table<C> {
    type Value = C;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a table with {}", C::names().join(", "))
    }

    fn visit_str<E: Error>(self, line: &str) -> Result<C, E> {
        C::read_line(line).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<C, A::Error> {
        let mut set = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if set.contains(&name) {
                return Err(Error::custom(invalid(&name, "given twice")));
            }
            map.next_value_seed(Setting(&mut self.0, &name))?;
            set.push(name);
        }
        self.0.complete().map_err(Error::custom)
    }
}

/// Sets a key while its value is read, so that an error has the place of that value.
struct Setting<'a, C>(&'a mut C, &'a str);

impl<'de, C: Keyed> DeserializeSeed<'de> for Setting<'_, C> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        let Self(config, key) = self;
        C::check_name(key, key).map_err(Error::custom)?;
        let refused = |why| Err(Error::custom(invalid(key, why)));
        let text = match key {
            // It may be a table of its own.
            "policy" => PolicyConfig::deserialize(value)?.to_string(),
            _ => match Value::deserialize(value)? {
                Value::Text(text) => text,
                Value::Integer(number) => number.to_string(),
                Value::Number(number) => format!("{number:?}"),
                Value::Null => "none".to_owned(),
                Value::List(list) if key == "targets" => list.join(","),
                _ if key == "targets" => return refused("expected a string or a list of them"),
                _ => return refused("expected a string"),
            },
        };
        config.set_key(key, &text, "").map_err(Error::custom)
    }
}
