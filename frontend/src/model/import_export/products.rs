//! The columns in tables of known products, and guesses for columns of other tables.
//!
//! The headers come from the product's documentation or source: Bitwarden's in
//! bitwarden.com/help/condition-bitwarden-import, KeePassXC's in `src/format/CsvExporter.cpp`, Firefox's in
//! `toolkit/components/passwordmgr/LoginExport.sys.mjs`, Chrome's in `components/password_manager/core/browser/export`,
//! Proton Pass's in `packages/pass/lib/export/csv.ts`; Apple's and 1Password's are known from their exports.

use super::columns::{ColumnRole, TimeFormat};

/// The program that wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImportSource {
    /// Bitwarden's JSON; Vaultwarden uses Bitwarden's clients.
    BitwardenJson,
    BitwardenCsv,
    KeePassXc,
    /// Chrome or a browser built on it: Edge, Brave, Opera, Vivaldi.
    Chrome,
    Firefox,
    Apple,
    /// 1Password 8.
    OnePassword,
    ProtonPass,
    /// An unknown program; the roles of the columns are guesses.
    Table,
}

impl ImportSource {
    /// The name, which is the same in every language; none if it is unknown.
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

pub(super) struct Product {
    pub(super) source: ImportSource,
    /// Columns in lower case. The first `needed` are required; unlisted columns go to the note.
    columns: &'static [(&'static str, ColumnRole)],
    needed: usize,
    /// True if other columns exclude the product, because its column names are too common.
    is_exact: bool,
}

pub(super) const PRODUCTS: &[Product] = &[
    Product {
        source: ImportSource::BitwardenCsv,
        columns: &[
            ("type", ColumnRole::Leave),
            ("name", ColumnRole::Name),
            ("notes", ColumnRole::Note),
            ("login_uri", ColumnRole::Websites),
            ("login_username", ColumnRole::Username),
            ("login_password", ColumnRole::Password),
            // Only in exports of an account.
            ("folder", ColumnRole::Folder),
            ("favorite", ColumnRole::Flag("favorite")),
            // Only in exports of an organisation.
            ("collections", ColumnRole::Folder),
            ("fields", ColumnRole::Fields),
            ("reprompt", ColumnRole::Leave),
            ("login_totp", ColumnRole::Labelled("TOTP")),
        ],
        needed: 6,
        is_exact: false,
    },
    Product {
        source: ImportSource::KeePassXc,
        columns: &[
            ("group", ColumnRole::Group),
            ("title", ColumnRole::Name),
            ("username", ColumnRole::Username),
            ("password", ColumnRole::Password),
            ("url", ColumnRole::Website),
            ("notes", ColumnRole::Note),
            ("totp", ColumnRole::Labelled("TOTP")),
            ("icon", ColumnRole::Leave),
            ("last modified", ColumnRole::Changed(TimeFormat::Date)),
            ("created", ColumnRole::Created(TimeFormat::Date)),
        ],
        needed: 6,
        is_exact: false,
    },
    Product {
        source: ImportSource::Firefox,
        columns: &[
            ("url", ColumnRole::Website),
            ("username", ColumnRole::Username),
            ("password", ColumnRole::Password),
            ("httprealm", ColumnRole::ToNote),
            ("guid", ColumnRole::Leave),
            // The target of the form and the time of the last use serve Firefox alone.
            ("formactionorigin", ColumnRole::Leave),
            ("timecreated", ColumnRole::Created(TimeFormat::Milliseconds)),
            ("timelastused", ColumnRole::Leave),
            ("timepasswordchanged", ColumnRole::Changed(TimeFormat::Milliseconds)),
        ],
        needed: 5,
        is_exact: false,
    },
    Product {
        source: ImportSource::ProtonPass,
        columns: &[
            ("type", ColumnRole::Leave),
            ("name", ColumnRole::Name),
            ("url", ColumnRole::Websites),
            ("username", ColumnRole::Username),
            ("password", ColumnRole::Password),
            ("note", ColumnRole::Note),
            ("totp", ColumnRole::Labelled("TOTP")),
            ("vault", ColumnRole::Folder),
            ("email", ColumnRole::SpareUsername),
            ("autofillurls", ColumnRole::Addresses),
            ("createtime", ColumnRole::Created(TimeFormat::Seconds)),
            ("modifytime", ColumnRole::Changed(TimeFormat::Seconds)),
        ],
        needed: 8,
        is_exact: false,
    },
    Product {
        source: ImportSource::OnePassword,
        columns: &[
            ("title", ColumnRole::Name),
            ("url", ColumnRole::Website),
            ("username", ColumnRole::Username),
            ("password", ColumnRole::Password),
            ("otpauth", ColumnRole::Labelled("TOTP")),
            ("favorite", ColumnRole::Flag("favorite")),
            ("archived", ColumnRole::Flag("archived")),
            ("tags", ColumnRole::Tags),
            ("notes", ColumnRole::Note),
        ],
        needed: 8,
        is_exact: false,
    },
    Product {
        source: ImportSource::Apple,
        columns: &[
            ("title", ColumnRole::Name),
            ("url", ColumnRole::Website),
            ("username", ColumnRole::Username),
            ("password", ColumnRole::Password),
            ("otpauth", ColumnRole::Labelled("TOTP")),
            ("notes", ColumnRole::Note),
        ],
        needed: 5,
        is_exact: true,
    },
    Product {
        source: ImportSource::Chrome,
        columns: &[
            ("name", ColumnRole::Name),
            ("url", ColumnRole::Website),
            ("username", ColumnRole::Username),
            ("password", ColumnRole::Password),
            ("note", ColumnRole::Note),
        ],
        needed: 4,
        is_exact: true,
    },
];

/// The product with that header, and the roles of its columns.
pub(super) fn known(header: &[String]) -> Option<(ImportSource, Vec<ColumnRole>)> {
    let cells: Vec<String> = header.iter().map(|cell| cell.trim().to_ascii_lowercase()).collect();
    let product = PRODUCTS.iter().find(|product| {
        let is_column = |cell: &String| product.columns.iter().any(|(name, _)| name == cell);
        let mut needed = product.columns.iter().take(product.needed);
        needed.all(|(name, _)| cells.iter().any(|cell| cell == name))
            && (!product.is_exact || cells.iter().all(is_column))
    })?;
    let role = |cell: &String| {
        product.columns.iter().find(|(name, _)| name == cell).map_or(ColumnRole::ToNote, |(_, role)| *role)
    };
    Some((product.source, cells.iter().map(role).collect()))
}

/// Names of columns in English, German, Japanese and some French and Spanish, in lower case without blanks and hyphens.
const WORDS: &[(ColumnRole, &[&str])] = &[
    (
        ColumnRole::Name,
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
        ColumnRole::Username,
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
        ColumnRole::SpareUsername,
        &["email", "mail", "emailaddress", "username2", "emailadresse", "メール", "メールアドレス", "correo"],
    ),
    (
        ColumnRole::Website,
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
        ColumnRole::Password,
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
        ColumnRole::Note,
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
        ColumnRole::Tags,
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

/// The likely role of a column by its name; none for an unknown name.
pub(super) fn guess(cell: &str) -> Option<ColumnRole> {
    let is_word = |character: &char| !character.is_ascii() || character.is_ascii_alphanumeric();
    let word: String = cell.trim().chars().filter(is_word).map(|character| character.to_ascii_lowercase()).collect();
    WORDS.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(role, _)| *role)
}
