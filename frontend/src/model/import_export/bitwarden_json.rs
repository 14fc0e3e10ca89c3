//! The types of Bitwarden's JSON exports: bitwarden.com/help/condition-bitwarden-import, and the `*.export.ts` of its
//! clients.
//!
//! The same types are read and written: `T` is [`LooseText`] text as read, and `&str` as written. Other fields are
//! skipped.

use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::secret::Secret;

/// The custom field with all tags, because Bitwarden has one folder for each item, and no tags.
pub(super) const TAGS: &str = "Tags";

/// An export, unencrypted or protected by its own password.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct BitwardenExport {
    pub(super) encrypted: Option<bool>,
    pub(super) folders: Option<Vec<Folder<LooseText>>>,
    pub(super) collections: Option<Vec<Folder<LooseText>>>,
    pub(super) items: Option<Vec<Item<LooseText>>>,

    pub(super) password_protected: Option<bool>,
    pub(super) salt: Option<LooseText>,
    pub(super) kdf_type: Option<u32>,
    pub(super) kdf_iterations: Option<u32>,
    pub(super) kdf_memory: Option<u32>,
    pub(super) kdf_parallelism: Option<u32>,
    #[serde(rename = "encKeyValidation_DO_NOT_EDIT")]
    pub(super) enc_key_validation: Option<LooseText>,
    pub(super) data: Option<LooseText>,
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct Folder<T> {
    pub(super) id: Option<T>,
    pub(super) name: Option<T>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item<T> {
    pub(super) password_history: Option<Vec<PasswordHistory<T>>>,
    pub(super) revision_date: Option<T>,
    pub(super) creation_date: Option<T>,
    pub(super) deleted_date: Option<T>,
    #[serde(skip_serializing)]
    pub(super) archived_date: Option<T>,
    pub(super) id: Option<T>,
    #[serde(skip_deserializing)]
    pub(super) organization_id: (),
    pub(super) folder_id: Option<T>,
    #[serde(rename = "type")]
    pub(super) kind: Option<u32>,
    #[serde(skip_deserializing)]
    pub(super) reprompt: u8,
    pub(super) name: Option<T>,
    pub(super) notes: Option<T>,
    pub(super) favorite: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fields: Option<Vec<Field<T>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) login: Option<Login<T>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secure_note: Option<SecureNote>,
    pub(super) collection_ids: Option<Vec<T>>,
    #[serde(skip_serializing)]
    pub(super) card: Option<NamedTexts<T>>,
    #[serde(skip_serializing)]
    pub(super) identity: Option<NamedTexts<T>>,
    #[serde(skip_serializing)]
    pub(super) ssh_key: Option<NamedTexts<T>>,
    #[serde(skip_serializing)]
    pub(super) bank_account: Option<NamedTexts<T>>,
    #[serde(skip_serializing)]
    pub(super) drivers_license: Option<NamedTexts<T>>,
    #[serde(skip_serializing)]
    pub(super) passport: Option<NamedTexts<T>>,
}

/// Values of [`Item::kind`].
pub(super) mod kind {
    pub(in super::super) const LOGIN: u32 = 1;
    pub(in super::super) const SECURE_NOTE: u32 = 2;
    /// The last known value: cards are 3, identities 4, SSH keys 5, bank accounts 6, driving licences 7, passports 8.
    pub(in super::super) const LAST: u32 = 8;
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Login<T> {
    pub(super) uris: Option<Vec<Uri<T>>>,
    pub(super) username: Option<T>,
    pub(super) password: Option<T>,
    pub(super) totp: Option<T>,
    #[serde(rename = "fido2Credentials", serialize_with = "empty_list")]
    pub(super) passkeys: Option<Vec<IgnoredAny>>,
}

fn empty_list<S: Serializer>(_: &Option<Vec<IgnoredAny>>, serializer: S) -> Result<S::Ok, S::Error> {
    [(); 0].serialize(serializer)
}

#[derive(Default, Serialize, Deserialize)]
pub(super) struct Uri<T> {
    /// Bitwarden's way of comparing the address; null is the default.
    #[serde(rename = "match", skip_deserializing)]
    pub(super) how: (),
    pub(super) uri: Option<T>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SecureNote {
    #[serde(rename = "type")]
    pub(super) kind: u8,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Field<T> {
    pub(super) name: Option<T>,
    pub(super) value: Option<T>,
    /// 0 for text; others are hidden text, a yes or no, and a link to another field, which has no value.
    #[serde(rename = "type", skip_deserializing)]
    pub(super) kind: u8,
    #[serde(skip_deserializing)]
    pub(super) linked_id: (),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PasswordHistory<T> {
    pub(super) last_used_date: Option<T>,
    pub(super) password: Option<T>,
}

/// Text. Numbers and truth values, which other tools write instead, are read as text.
#[derive(Debug, Default)]
pub(super) struct LooseText(pub(super) Secret);

impl<'de> Deserialize<'de> for LooseText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = String;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
                Ok(text.to_owned())
            }

            fn visit_string<E: Error>(self, text: String) -> Result<String, E> {
                Ok(text)
            }

            fn visit_bool<E: Error>(self, is: bool) -> Result<String, E> {
                Ok(if is { "true" } else { "false" }.to_owned())
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<String, E> {
                Ok(number.to_string())
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
                Ok(number.to_string())
            }
        }
        deserializer.deserialize_any(Any).map(|text| Self(Secret::new(text)))
    }
}

/// Texts under any names, in the file's order; only read.
pub(super) struct NamedTexts<T>(pub(super) Vec<(String, Option<T>)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for NamedTexts<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
            type Value = NamedTexts<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names and texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NamedTexts<T>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(NamedTexts(pairs))
            }
        }
        deserializer.deserialize_map(Pairs(std::marker::PhantomData))
    }
}
