//! What other products call the columns of their tables, and what columns of any table may mean.
//!
//! Each header stands in the product's own documentation or source: Bitwarden's in
//! bitwarden.com/help/condition-bitwarden-import, KeePassXC's in `src/format/CsvExporter.cpp`, Firefox's in
//! `toolkit/components/passwordmgr/LoginExport.sys.mjs`, Chrome's in `components/password_manager/core/browser/export`,
//! Proton Pass's in `packages/pass/lib/export/csv.ts`; Apple's and 1Password's are known from their exports.

use super::table::{Clock, Role};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Bitwarden, or Vaultwarden with it: JSON.
    BitwardenJson,
    BitwardenCsv,
    KeePassXc,
    /// Chrome, or a browser built on it: Edge, Brave, Opera, Vivaldi.
    Chrome,
    Firefox,
    Apple,
    /// 1Password 8.
    OnePassword,
    ProtonPass,
    /// Unknown: what its columns mean is guessed.
    Table,
}

impl Source {
    /// Its name, the same in every language; nothing if it is unknown.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::BitwardenJson | Self::BitwardenCsv => "Bitwarden",
            Self::KeePassXc => "KeePassXC",
            Self::Chrome => "Chrome, Edge, Brave",
            Self::Firefox => "Firefox",
            Self::Apple => "Apple Passwords",
            Self::OnePassword => "1Password",
            Self::ProtonPass => "Proton Pass",
            Self::Table => return None,
        })
    }
}

struct Product {
    source: Source,
    /// Columns in lower case. The first `needed` must be there; columns that are not listed go to the note.
    columns: &'static [(&'static str, Role)],
    needed: usize,
    /// Whether there may be no other columns: their names are too common to tell a product by them.
    is_exact: bool,
}

const PRODUCTS: &[Product] = &[
    Product {
        source: Source::BitwardenCsv,
        columns: &[
            ("type", Role::Leave),
            ("name", Role::Name),
            ("notes", Role::Note),
            ("login_uri", Role::Websites),
            ("login_username", Role::Username),
            ("login_password", Role::Password),
            // An account's.
            ("folder", Role::Folder),
            ("favorite", Role::Flag("favorite")),
            // An organisation's.
            ("collections", Role::Folder),
            ("fields", Role::Fields),
            ("reprompt", Role::Leave),
            ("login_totp", Role::Labelled("TOTP")),
        ],
        needed: 6,
        is_exact: false,
    },
    Product {
        source: Source::KeePassXc,
        columns: &[
            ("group", Role::Group),
            ("title", Role::Name),
            ("username", Role::Username),
            ("password", Role::Password),
            ("url", Role::Website),
            ("notes", Role::Note),
            ("totp", Role::Labelled("TOTP")),
            ("icon", Role::Leave),
            ("last modified", Role::Changed(Clock::Date)),
            ("created", Role::Created(Clock::Date)),
        ],
        needed: 6,
        is_exact: false,
    },
    Product {
        source: Source::Firefox,
        columns: &[
            ("url", Role::Website),
            ("username", Role::Username),
            ("password", Role::Password),
            ("httprealm", Role::ToNote),
            ("guid", Role::Leave),
            // Where the form sends to: Firefox's own business, as is when a log-in was last used.
            ("formactionorigin", Role::Leave),
            ("timecreated", Role::Created(Clock::Milliseconds)),
            ("timelastused", Role::Leave),
            ("timepasswordchanged", Role::Changed(Clock::Milliseconds)),
        ],
        needed: 5,
        is_exact: false,
    },
    Product {
        source: Source::ProtonPass,
        columns: &[
            ("type", Role::Leave),
            ("name", Role::Name),
            ("url", Role::Websites),
            ("username", Role::Username),
            ("password", Role::Password),
            ("note", Role::Note),
            ("totp", Role::Labelled("TOTP")),
            ("vault", Role::Folder),
            ("email", Role::SpareLogin),
            ("autofillurls", Role::Addresses),
            ("createtime", Role::Created(Clock::Seconds)),
            ("modifytime", Role::Changed(Clock::Seconds)),
        ],
        needed: 8,
        is_exact: false,
    },
    Product {
        source: Source::OnePassword,
        columns: &[
            ("title", Role::Name),
            ("url", Role::Website),
            ("username", Role::Username),
            ("password", Role::Password),
            ("otpauth", Role::Labelled("TOTP")),
            ("favorite", Role::Flag("favorite")),
            ("archived", Role::Flag("archived")),
            ("tags", Role::Tags),
            ("notes", Role::Note),
        ],
        needed: 8,
        is_exact: false,
    },
    Product {
        source: Source::Apple,
        columns: &[
            ("title", Role::Name),
            ("url", Role::Website),
            ("username", Role::Username),
            ("password", Role::Password),
            ("otpauth", Role::Labelled("TOTP")),
            ("notes", Role::Note),
        ],
        needed: 5,
        is_exact: true,
    },
    Product {
        source: Source::Chrome,
        columns: &[
            ("name", Role::Name),
            ("url", Role::Website),
            ("username", Role::Username),
            ("password", Role::Password),
            ("note", Role::Note),
        ],
        needed: 4,
        is_exact: true,
    },
];

/// The product with that header, and what its columns mean.
pub(super) fn known(header: &[String]) -> Option<(Source, Vec<Role>)> {
    let cells: Vec<String> = header.iter().map(|cell| cell.trim().to_ascii_lowercase()).collect();
    let product = PRODUCTS.iter().find(|product| {
        let is_column = |cell: &String| product.columns.iter().any(|(name, _)| name == cell);
        let mut needed = product.columns.iter().take(product.needed);
        needed.all(|(name, _)| cells.iter().any(|cell| cell == name))
            && (!product.is_exact || cells.iter().all(is_column))
    })?;
    let role =
        |cell: &String| product.columns.iter().find(|(name, _)| name == cell).map_or(Role::ToNote, |(_, role)| *role);
    Some((product.source, cells.iter().map(role).collect()))
}

/// Words that columns are called by, in English, German, Japanese and some French and Spanish: in lower case, without
/// blanks and hyphens.
const WORDS: &[(Role, &[&str])] = &[
    (
        Role::Name,
        &[
            "name",
            "title",
            "account",
            "accountname",
            "entry",
            "item",
            "itemname",
            "service",
            "system",
            "titel",
            "bezeichnung",
            "eintrag",
            "konto",
            "dienst",
            "名前",
            "名称",
            "タイトル",
            "サービス",
            "サービス名",
            "サイト名",
            "nom",
            "titre",
            "nombre",
            "título",
        ],
    ),
    (
        Role::Username,
        &[
            "username",
            "user",
            "login",
            "loginname",
            "loginusername",
            "userid",
            "loginid",
            "benutzername",
            "benutzer",
            "nutzername",
            "anmeldename",
            "ユーザー名",
            "ユーザ名",
            "ユーザーid",
            "ユーザid",
            "ログイン",
            "ログインid",
            "identifiant",
            "utilisateur",
            "usuario",
        ],
    ),
    (
        Role::SpareLogin,
        &["email", "mail", "emailaddress", "username2", "emailadresse", "メール", "メールアドレス", "correo"],
    ),
    (
        Role::Website,
        &[
            "url",
            "urls",
            "uri",
            "website",
            "web",
            "site",
            "link",
            "loginuri",
            "loginurl",
            "websiteurl",
            "host",
            "hostname",
            "domain",
            "webseite",
            "webadresse",
            "adresse",
            "internetadresse",
            "サイト",
            "ウェブサイト",
            "webサイト",
            "アドレス",
            "siteweb",
            "sitioweb",
        ],
    ),
    (
        Role::Password,
        &[
            "password",
            "pass",
            "pwd",
            "passcode",
            "passphrase",
            "loginpassword",
            "passwort",
            "kennwort",
            "パスワード",
            "motdepasse",
            "contraseña",
        ],
    ),
    (
        Role::Note,
        &[
            "note",
            "notes",
            "comment",
            "comments",
            "remark",
            "remarks",
            "extra",
            "memo",
            "description",
            "notiz",
            "notizen",
            "bemerkung",
            "bemerkungen",
            "anmerkung",
            "anmerkungen",
            "kommentar",
            "beschreibung",
            "メモ",
            "備考",
            "ノート",
            "コメント",
            "notas",
        ],
    ),
    (
        Role::Tags,
        &[
            "tag",
            "tags",
            "label",
            "labels",
            "folder",
            "folders",
            "group",
            "groups",
            "grouping",
            "category",
            "categories",
            "collection",
            "collections",
            "vault",
            "ordner",
            "gruppe",
            "kategorie",
            "schlagwort",
            "schlagwörter",
            "タグ",
            "フォルダ",
            "フォルダー",
            "グループ",
            "カテゴリ",
            "カテゴリー",
            "dossier",
            "carpeta",
        ],
    ),
];

/// What a column of that name is likely to be; nothing if its name says nothing.
pub(super) fn guess(cell: &str) -> Option<Role> {
    let is_word = |character: &char| !character.is_ascii() || character.is_ascii_alphanumeric();
    let word: String = cell.trim().chars().filter(is_word).map(|character| character.to_ascii_lowercase()).collect();
    WORDS.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(role, _)| *role)
}
