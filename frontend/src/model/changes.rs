//! Reads the end of a list of changes. The page passes the rest to the keyring unread, and requests the next changes
//! while the keyring opens these.

/// The change number after which the list continues. None if the list ends, or if its text differs from the server's
/// usual one: then the keyring tells.
pub fn next(list: &str) -> Option<u64> {
    const NUMBER: &str = "\"change_no\":";
    let entries = list.strip_suffix(",\"more\":true}")?;
    let (_, last) = entries.rsplit_once(NUMBER)?;
    last.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use shared::bytes::Base64Url;
    use shared::changes::{Changes, StoredVersion};
    use shared::ids::EntryId;

    use super::*;

    #[test]
    fn the_next_change_number_is_the_last_one_of_a_list_with_more() {
        let entry = |change_no| StoredVersion {
            id: EntryId::from_time(change_no, [1; 10]),
            version: 7,
            change_no,
            changed_at: 99,
            deleted: true,
            sealed: None,
        };
        let list = |numbers: &[u64], more| {
            let entries = numbers.iter().copied().map(entry).collect();
            let head = Some(Base64Url(vec![7; 85]));
            serde_json::to_string(&Changes { entries, head, more }).unwrap()
        };
        assert_eq!(next(&list(&[3, 8, 512], true)), Some(512));
        assert_eq!(next(&list(&[3, 8, 512], false)), None);
        assert_eq!(next(&list(&[], true)), None);
        assert_eq!(next("{\"change_no\":x,\"more\":true}"), None);
        assert_eq!(next(""), None);
    }
}
