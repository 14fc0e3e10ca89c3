//! Vaults for tests: a real keyring, and a fake server that accepts every change.

use leptos::prelude::*;
use shared::ids::{AccountId, EntryId};
use shared::sessions::CredentialName;

use super::{Page, world};
use crate::keyring::Keyring;
use crate::keyring::protocol::entry::{Content, EntryUpdate};
use crate::keyring::protocol::{Request, Response};
use crate::keyring::tests::{
    Counter, NOW, content, draft_key, entry_id, open_keyring, seal, stored, take_changes, updated,
};
use crate::session::{Session, use_session};
use crate::ui::VaultSection;
use crate::ui::generator::Generator;
use crate::ui::header::Header;
use crate::ui::lazy_parts::use_lazy_parts;
use crate::workers::client::{KeyringClient, in_page};

/// Puts entries into a vault before the page opens it, and gives the keyring's update.
pub(in crate::ui) type Fill = fn(&mut Keyring<Counter>) -> EntryUpdate;

pub(in crate::ui) fn nothing(_: &mut Keyring<Counter>) -> EntryUpdate {
    EntryUpdate::default()
}

/// Two entries: GitHub, and a bank that was saved later.
pub(in crate::ui) fn two(keyring: &mut Keyring<Counter>) -> EntryUpdate {
    let mut told = save(keyring, 1, Content { username: "ada".into(), ..content("GitHub", "kV9!mQ2#") });
    told.entries.extend(save(keyring, 2, content("Bank", "correct horse")).entries);
    told
}

/// One entry that was changed here and elsewhere.
pub(in crate::ui) fn conflict(keyring: &mut Keyring<Counter>) -> EntryUpdate {
    let first = seal(keyring, 0, "Bank");
    take_changes(keyring, vec![stored(entry_id(), 1, Some(first))], false);
    let mine = Request::Change { id: entry_id(), content: content("Bank", "mine"), now: NOW + 1 };
    keyring.handle(mine).unwrap();
    let theirs = seal(keyring, 1, "Bank (theirs)");
    take_changes(keyring, vec![stored(entry_id(), 2, Some(theirs))], false)
}

/// Seals an entry `after` milliseconds after the first, and marks it as saved.
pub(in crate::ui) fn save(keyring: &mut Keyring<Counter>, after: u64, content: Content) -> EntryUpdate {
    match keyring.handle(Request::Create { content, now: NOW + after }).unwrap() {
        Response::EntrySealed { id, body, .. } => updated(keyring.handle(Request::ApplySaved { id, body })),
        other => panic!("{other:?}"),
    }
}

pub(in crate::ui) fn id_of(session: Session, name: &str) -> EntryId {
    session.entries.with_untracked(|list| list.search(name, false).next().unwrap().id)
}

/// A page with a locked vault.
pub(in crate::ui) async fn locked() -> (Page, Session) {
    show(Page::open(whole).await).await
}

/// Like [`locked`], with a server that says whether it has any vault.
pub(in crate::ui) async fn locked_beside(has_vault: bool) -> Page {
    drop(Page::open(|| ()).await);
    world::answer(move |request, _| (request == "GET setup").then(|| (200, format!("{{\"has_vault\":{has_vault}}}"))));
    show(Page::reload(whole)).await.0
}

/// Like [`locked`], at an address with an invite.
pub(in crate::ui) async fn invited() -> Page {
    let page = Page::open(|| ()).await;
    crate::platform::browser::window().location().set_hash("invite=code").unwrap();
    drop(page);
    show(Page::reload(whole)).await.0
}

pub(in crate::ui) async fn open(fill: Fill) -> (Page, Session) {
    open_by(fill, CredentialName::Passphrase).await
}

/// Like [`open`], by another secret than the passphrase.
pub(in crate::ui) async fn open_by(fill: Fill, by: CredentialName) -> (Page, Session) {
    let (page, session) = locked().await;
    serve_keyring(fill);
    world::answer(saves);
    let mut keyring = open_keyring();
    let told = fill(&mut keyring);
    let account = AccountId::from_random([1; 16]);
    session.open_with(account, by, &draft_key(&keyring), KeyringClient::start().await.unwrap(), told);
    page.until("the vault", || page.offers("Lock")).await;
    (page, session)
}

/// Starts keyrings with these entries from now on.
pub(in crate::ui) fn serve_keyring(fill: Fill) {
    in_page::serve("keyring", move || {
        let mut keyring = open_keyring();
        fill(&mut keyring);
        move |request| keyring.handle(request)
    });
}

/// A fake server that accepts every change and has no changes from elsewhere.
pub(in crate::ui) fn saves(request: &str, _: &str) -> Option<(u16, String)> {
    let nothing_new = || r#"{"entries":[],"latest":0,"more":false}"#.to_owned();
    match request.split_once(' ')? {
        ("PUT" | "DELETE", path) if path.starts_with("passwords/") => Some((204, String::new())),
        ("GET", path) if path.starts_with("passwords?") => Some((200, nothing_new())),
        _ => None,
    }
}

fn whole() -> impl IntoView {
    use_lazy_parts().load_vault();
    view! { <Header/><Generator/><VaultSection/> }
}

async fn show(page: Page) -> (Page, Session) {
    let parts = page.owner.with(use_lazy_parts);
    page.until("the vault's part", || parts.vault.get_untracked().ready().is_some()).await;
    let session = page.owner.with(use_session);
    (page, session)
}
