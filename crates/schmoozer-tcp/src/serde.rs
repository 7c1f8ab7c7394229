//! What a configuration file holds of a dialer and a connector.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor,
};
use serde::ser::{Serialize, Serializer};

use crate::keys::Keyed;
use crate::{DialerConfig, Family, Order, ReconnectConfig, Target};

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
                if deserializer.is_human_readable() {
                    deserializer.deserialize_any(Table(PhantomData))
                } else {
                    deserializer.deserialize_str(Table(PhantomData))
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
    Number(u64),
    List(Vec<String>),
    Null,
    Other(IgnoredAny),
}

/// A configuration whose keys may hold more than text.
trait InFile: Keyed {
    fn read<'de, D: Deserializer<'de>>(&mut self, key: &str, value: D) -> Result<(), D::Error> {
        self.read_text(key, value)
    }

    fn read_text<'de, D>(&mut self, key: &str, value: D) -> Result<(), D::Error>
    where
        D: Deserializer<'de>,
    {
        let text = match Value::deserialize(value)? {
            Value::Text(text) => text,
            Value::Number(number) => number.to_string(),
            Value::List(list) if key == Self::KEYS[0].name => list.join(","),
            Value::Null => "none".to_owned(),
            Value::List(_) | Value::Other(_) => {
                let why = match key {
                    "targets" => "expected a string or a list of them",
                    _ => "expected a string",
                };
                return Err(Error::custom(format_args!("`{key}`: {why}")));
            }
        };
        self.set_key(key, &text).map_err(Error::custom)
    }
}

impl InFile for DialerConfig {}

impl InFile for ReconnectConfig {
    /// Its policy may be a table.
    fn read<'de, D: Deserializer<'de>>(&mut self, key: &str, value: D) -> Result<(), D::Error> {
        if key == "policy" {
            self.policy = Deserialize::deserialize(value)?;
            return Ok(());
        }
        self.read_text(key, value)
    }
}

/// Reads a table, or the line that `FromStr` reads.
struct Table<C>(PhantomData<C>);

impl<'de, C: InFile> Visitor<'de> for Table<C> {
    type Value = C;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = C::KEYS.iter().map(|key| key.name).collect();
        write!(f, "a table with {}", names.join(", "))
    }

    fn visit_str<E: Error>(self, line: &str) -> Result<C, E> {
        C::read_line(line).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<C, A::Error> {
        let mut config = C::unset();
        let mut given = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if given.contains(&name) {
                return Err(Error::custom(format_args!("`{name}`: given twice")));
            }
            map.next_value_seed(Setting(&mut config, &name))?;
            given.push(name);
        }
        config.complete().map_err(Error::custom)
    }
}

/// Sets a key while its value is read, so that an error has the place of that value.
struct Setting<'a, C>(&'a mut C, &'a str);

impl<'de, C: InFile> DeserializeSeed<'de> for Setting<'_, C> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        C::key(self.1).map_err(Error::custom)?;
        self.0.read(self.1, value)
    }
}
