//! Tables of any kind: the reading of their text, and the roles of their columns.

use super::*;

/// The cells of the first rows.
fn cells(bytes: impl AsRef<[u8]>) -> Vec<Vec<String>> {
    let table = table(bytes);
    let mapping = ColumnMapping { has_header: false, roles: Vec::new() };
    let texts = |row: &Vec<crate::secret::Secret>| row.iter().map(|cell| cell.expose().to_owned()).collect();
    table.samples(&mapping, usize::MAX).iter().map(texts).collect()
}

#[test]
fn every_encoding_separator_and_line_end_is_read() {
    let expected = [["name", "password"], ["Müller 😀", "a\"b"], ["שלום", "x"]];
    let text = "name,password\nMüller 😀,\"a\"\"b\"\nשלום,x\n";
    let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
        mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect::<Vec<u8>>()
    };
    for bytes in [
        text.as_bytes().to_vec(),
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        utf16([0xff, 0xfe], u16::to_le_bytes),
        utf16([0xfe, 0xff], u16::to_be_bytes),
        text.replace('\n', "\r\n").into_bytes(),
        text.replace('\n', "\r").into_bytes(),
        text.replace(',', ";").into_bytes(),
        text.replace(',', "\t").into_bytes(),
        [b"sep=;\r\n", text.replace(',', ";").as_bytes()].concat(),
        text.trim_end().as_bytes().to_vec(),
    ] {
        assert_eq!(cells(&bytes), expected, "{bytes:?}");
    }
    // The hint wins over the text.
    assert_eq!(cells("sep=\t\na,b,c\td\n1\t2\n"), [["a,b,c", "d"], ["1", "2"]]);
    assert_eq!(cells("sep=;,b\n1,2\n"), [["sep=;", "b"], ["1", "2"]], "no hint");
}

#[test]
fn values_are_imported_unchanged() {
    let rows = items("name,url,username,password,note\n GitHub ,'x, =1+1 ,\" p \",\"a\r\nb\n\n c \"\n'=a,,-b,+c,@d\n");
    assert_eq!(fields(&rows[0]), [" GitHub ", " =1+1 ", "'x", " p ", "a\r\nb\n\n c "]);
    assert_eq!(fields(&rows[1]), ["'=a", "-b", "", "+c", "@d"]);
}

#[test]
fn columns_of_unknown_products_are_guessed() {
    use ColumnRole::{Name, Note, Password, SpareUsername, Tags, ToNote, Username, Website};
    for (header, expected) in [
        // Headers of LastPass, Dashlane, NordPass and KeePass 1.
        (
            "url,username,password,totp,extra,name,grouping,fav",
            &[Website, Username, Password, ToNote, Note, Name, Tags, ToNote][..],
        ),
        (
            "username,username2,username3,title,password,note,url,category,otpSecret",
            &[Username, SpareUsername, ToNote, Name, Password, Note, Website, Tags, ToNote],
        ),
        (
            "name,url,username,password,note,cardholdername,folder",
            &[Name, Website, Username, Password, Note, ToNote, Tags],
        ),
        (
            "\"Account\",\"Login Name\",\"Password\",\"Web Site\",\"Comments\"",
            &[Name, Username, Password, Website, Note],
        ),
        (
            "Titel;Benutzername;Kennwort;Webseite;Notizen;E-Mail;Ordner",
            &[Name, Username, Password, Website, Note, SpareUsername, Tags],
        ),
        ("名前\tユーザー名\tパスワード\tURL\tメモ\tタグ", &[Name, Username, Password, Website, Note, Tags]),
        ("name,title,password", &[Name, ToNote, Password]),
        ("notes,comment,PASS WORD", &[Note, Note, Password]),
    ] {
        let table = table(format!("{header}\na\n"));
        assert_eq!(table.source(), ImportSource::Table, "{header}");
        assert_eq!(table.mapping(), &ColumnMapping { has_header: true, roles: expected.to_vec() }, "{header}");
    }
    // The first column of each role counts; the others go to the note.
    let items =
        items("name,title,email,login,e-mail 2,notes,comment,tags\na,b,c@d,e,f@g,h,i,\"x, y;x\"\nj,,k@l,,,,,\n");
    assert_eq!(fields(&items[0]), ["a", "e", "", "", "h\ni\ntitle: b\ne-mail 2: f@g\nemail: c@d"]);
    assert_eq!(items[0].content.tags, ["x", "y"]);
    assert_eq!(items[0].remarks, in_note(&["title", "e-mail 2", "email"]));
    assert_eq!(fields(&items[1]), ["j", "k@l", "", "", ""]);
}

#[test]
fn a_person_may_assign_the_columns() {
    let table = table("https://a.example,ada,hunter2,\nhttps://b.example,bob,hunter3,x\n");
    assert!(!table.mapping().has_header, "an address is no header");
    assert_eq!((table.len(table.mapping()), table.names(table.mapping())), (2, vec![None; 4]));
    let roles = vec![ColumnRole::Website, ColumnRole::Username, ColumnRole::Password, ColumnRole::ToNote];
    let mut mapping = ColumnMapping { has_header: false, roles };
    let all = |mapping: &ColumnMapping| table.rows(mapping, |number| format!("Row {number}")).collect::<Vec<_>>();
    let rows = all(&mapping);
    assert_eq!((rows.len(), rows[1].number), (2, 2));
    let item = rows[1].result.as_ref().unwrap();
    assert_eq!(fields(item), ["b.example", "bob", "https://b.example", "hunter3", "Column 4: x"]);
    // The first row counts as the header, and the third column is left out.
    mapping.has_header = true;
    mapping.roles = vec![ColumnRole::Name, ColumnRole::ToNote, ColumnRole::Leave];
    let rows = all(&mapping);
    assert_eq!((rows.len(), table.len(&mapping), rows[0].number), (1, 1, 1));
    let item = rows[0].result.as_ref().unwrap();
    assert_eq!(fields(item), ["https://b.example", "", "", "", "ada: bob\nColumn 4: x"]);
    // All columns are left out.
    mapping.roles = vec![ColumnRole::Leave; 4];
    assert_eq!(all(&mapping)[0].result.as_ref().unwrap_err().why, Refusal::Nothing);
}

#[test]
fn one_column_of_passwords_is_a_table() {
    let items = items("password\r\nhunter2\r\n\"x\"\"y\"\r\n");
    assert_eq!(fields(&items[0]), ["Row 1", "", "", "hunter2", ""]);
    assert_eq!(fields(&items[1]), ["Row 2", "", "", "x\"y", ""]);
}

#[test]
fn rows_of_another_length_are_read_with_a_remark() {
    let (_, rows) = rows("name,password\na\nb,c,d,,e\n\n,\nf,g\n");
    let item = |place: usize| rows[place].result.as_ref().unwrap();
    assert_eq!(fields(item(0)), ["a", "", "", "", ""]);
    assert_eq!(item(0).remarks, [Remark::Cells { found: 1, columns: 2 }]);
    assert_eq!(fields(item(1)), ["b", "", "", "c", "Column 3: d\nColumn 5: e"]);
    let mut remarks = in_note(&["Column 3", "Column 5"]);
    remarks.insert(0, Remark::Cells { found: 5, columns: 2 });
    assert_eq!(item(1).remarks, remarks);
    assert_eq!(rows[2].result.as_ref().unwrap_err().why, Refusal::Nothing);
    assert_eq!((rows.len(), rows[3].number, item(3).remarks.len()), (4, 4, 0));
}

#[test]
fn a_row_without_a_name_gets_one() {
    let long = "a".repeat(256);
    let text = format!("url,username,password\nhttp://www.a.example/,ada,x\n,ada,x\n,,x\nhttps://,{long},x\n");
    let items = items(text);
    let named: Vec<_> = items.iter().map(|item| (item.content.name.as_str(), &item.remarks[..])).collect();
    let after = [NamedAfter::Website, NamedAfter::Username, NamedAfter::Place].map(|after| [Remark::NamedAfter(after)]);
    let expected = [("a.example", &after[0][..]), ("ada", &after[1]), ("Row 3", &after[2]), ("Row 4", &after[2])];
    assert_eq!(named, expected);
}

#[test]
fn a_repeated_row_has_a_remark() {
    let items = items("name,password,tags\na,b,\na,c,\na,b,t\na,b,\n,x,\n,x,\nab,,\na,b,\n");
    let twice: Vec<_> = items
        .iter()
        .map(|item| {
            item.remarks.iter().find_map(|it| if let Remark::TwiceInFile { first } = it { Some(*first) } else { None })
        })
        .collect();
    assert_eq!(twice, [None, None, None, Some(1), None, Some(5), None, Some(1)]);
}
