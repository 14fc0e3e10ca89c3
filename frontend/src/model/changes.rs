//! Looks ahead in a list of changes. The page carries it to the keyring unread but for this: so that it can ask for the
//! next changes while the keyring opens these.

/// From which change number the list goes on; nothing if it ends, or if it is not written as the server writes it: then
/// the keyring says.
#[must_use]
pub fn next(list: &str) -> Option<u64> {
    const NUMBER: &str = "\"change_no\":";
    let entries = list.strip_suffix(",\"more\":true}")?;
    let (_, last) = entries.rsplit_once(NUMBER)?;
    last.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use shared::ids::EntryId;
    use shared::passwords::{Changes, StoredEntry};

    use super::*;

    #[test]
    fn it_is_what_the_keyring_would_say() {
        let entry = |change_no| StoredEntry {
            id: EntryId::from_time(change_no, [1; 10]),
            version: 7,
            change_no,
            changed_at: 99,
            sealed: None,
        };
        let list = |numbers: &[u64], more| {
            let entries = numbers.iter().copied().map(entry).collect();
            serde_json::to_string(&Changes { entries, latest: 1000, more }).unwrap()
        };
        assert_eq!(next(&list(&[3, 8, 512], true)), Some(512));
        assert_eq!(next(&list(&[3, 8, 512], false)), None);
        assert_eq!(next(&list(&[], true)), None);
        assert_eq!(next("{\"change_no\":x,\"more\":true}"), None);
        assert_eq!(next(""), None);
    }
}
