//! Reads rules stored as JSON. The first field tells their kind: it is the name of a kind, or a field of rules for
//! characters. Serde's untagged enumerations do the same, but add 10 kB to the keyring (3 kB compressed).

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Rules;
use crate::characters;

/// Reads [`Rules`].
pub(super) struct StoredRules;

impl<'de> Visitor<'de> for StoredRules {
    type Value = Rules;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rules")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rules, A::Error> {
        let Some(FieldName(first)) = map.next_key()? else { return Err(Error::custom("no rules")) };
        let rules = match first.as_str() {
            "phrase" => Rules::Phrase(map.next_value()?),
            "pin" => Rules::Pin(map.next_value()?),
            "site" => Rules::Site(map.next_value()?),
            _ => {
                let bare = MapAccessDeserializer::new(PeekedMap { first: Some(first), map });
                Rules::Characters(characters::Rules::deserialize(bare)?)
            }
        };
        // Without this check, a kind that this version does not know would pass for rules for characters.
        if rules.has_length() { Ok(rules) } else { Err(Error::custom("rules without a length")) }
    }
}

/// The name of a field, asked for as an identifier: small readers of JSON accept nothing else as the key of a map.
struct FieldName(String);

impl<'de> Deserialize<'de> for FieldName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl Visitor<'_> for Any {
            type Value = FieldName;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<FieldName, E> {
                Ok(FieldName(name.to_owned()))
            }
        }

        deserializer.deserialize_identifier(Any)
    }
}

/// A map whose first key was read already, and is given again.
struct PeekedMap<A> {
    first: Option<String>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for PeekedMap<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(first) => seed.deserialize(first.into_deserializer()).map(Some),
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
