//! Vaults for tests: a real keyring, and a fake server that keeps changes and heads as the store does.

use std::cell::RefCell;

use leptos::prelude::*;
use shared::bytes::Base64Url;
use shared::changes::{Change, ListChanges, SaveChanges, SealedHead};
use shared::ids::{AccountId, EntryId};
use shared::sessions::CredentialName;

use super::{Page, world};
use crate::keyring::Keyring;
use crate::keyring::protocol::Request;
use crate::keyring::protocol::entry::{Content, EntryUpdate};
use crate::keyring::tests::server::{VaultServer, another_keyring, send, sync};
use crate::keyring::tests::{Counter, NOW, closed_keyring, content, draft_key};
use crate::session::{Session, use_session};
use crate::ui::VaultSection;
use crate::ui::generator::Generator;
use crate::ui::header::Header;
use crate::ui::lazy_parts::use_lazy_parts;
use crate::workers::client::{KeyringClient, in_page};

thread_local! {
    /// The vault as the page's server holds it.
    static SERVER: RefCell<VaultServer> = RefCell::new(VaultServer::new());
}

/// Puts entries into a vault before the page opens it, and gives the keyring's update.
pub(in crate::ui) type Fill = fn(&mut Keyring<Counter>, &mut VaultServer) -> EntryUpdate;

pub(in crate::ui) fn nothing(_: &mut Keyring<Counter>, _: &mut VaultServer) -> EntryUpdate {
    EntryUpdate::default()
}

/// Two entries: GitHub, and a bank that was saved later.
pub(in crate::ui) fn two(keyring: &mut Keyring<Counter>, server: &mut VaultServer) -> EntryUpdate {
    let mut told = save(keyring, server, 1, Content { username: "ada".into(), ..content("GitHub", "kV9!mQ2#") });
    told.entries.extend(save(keyring, server, 2, content("Bank", "correct horse")).entries);
    told
}

/// One entry that was changed here and elsewhere.
pub(in crate::ui) fn conflict(keyring: &mut Keyring<Counter>, server: &mut VaultServer) -> EntryUpdate {
    let id = save(keyring, server, 0, content("Bank", "kV9!mQ2#")).entries[0].id;
    let mut other = another_keyring(server);
    other.handle(Request::Change { id, content: content("Bank (theirs)", "theirs"), now: NOW + 2 }).unwrap();
    send(&mut other, server);
    keyring.handle(Request::Change { id, content: content("Bank", "mine"), now: NOW + 1 }).unwrap();
    sync(keyring, server)
}

/// Saves an entry `after` milliseconds after the first.
pub(in crate::ui) fn save(
    keyring: &mut Keyring<Counter>,
    server: &mut VaultServer,
    after: u64,
    content: Content,
) -> EntryUpdate {
    keyring.handle(Request::Create { content, now: NOW + after }).unwrap();
    send(keyring, server)
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
    let (keyring, server, told) = filled(fill);
    SERVER.set(server);
    let account = AccountId::from_random([1; 16]);
    session.open_with(account, by, &draft_key(&keyring), KeyringClient::start().await.unwrap(), told);
    page.until("the vault", || page.offers("Lock")).await;
    (page, session)
}

/// A keyring and a server with these entries. They are the same each time, byte by byte.
fn filled(fill: Fill) -> (Keyring<Counter>, VaultServer, EntryUpdate) {
    let (mut keyring, mut server) = (closed_keyring(), VaultServer::new());
    sync(&mut keyring, &server);
    let told = fill(&mut keyring, &mut server);
    (keyring, server, told)
}

/// Starts keyrings with these entries from now on.
pub(in crate::ui) fn serve_keyring(fill: Fill) {
    in_page::serve("keyring", move || {
        let (mut keyring, ..) = filled(fill);
        move |request| keyring.handle(request)
    });
}

/// Puts a vault without entries on the server, whose head is this one.
pub(super) fn serve_empty(head: &SealedHead) {
    let head = Some(Base64Url(head.as_bytes().to_vec()));
    SERVER.set(VaultServer { head, ..VaultServer::new() });
}

/// Replaces the head on the server, as a new vault key does.
pub(super) fn replace_head(head: &SealedHead) {
    SERVER.with_borrow_mut(|server| server.head = Some(Base64Url(head.as_bytes().to_vec())));
}

/// Lets something happen to the vault on the server.
pub(super) fn on_server<T>(change: impl FnOnce(&mut VaultServer) -> T) -> T {
    SERVER.with_borrow_mut(change)
}

/// The changes in a request to save some; none for another request.
pub(super) fn changes_in((request, body): &world::Heard) -> Vec<Change> {
    if request != "POST changes" {
        return Vec::new();
    }
    serde_json::from_str::<SaveChanges>(body).unwrap().changes
}

/// All changes that the page has sent, with those that it has sent again.
pub(super) fn sent() -> Vec<Change> {
    world::heard().iter().flat_map(changes_in).collect()
}

/// A fake server that lists and saves changes.
pub(in crate::ui) fn saves(request: &str, body: &str) -> Option<(u16, String)> {
    let (method, path) = request.split_once(' ')?;
    match (method, path.split_once('?').unwrap_or((path, ""))) {
        ("GET", ("changes", query)) => {
            let ListChanges { since, limit } = asked(query);
            let changes = on_server(|server| server.list(since, limit.unwrap_or(1000) as usize));
            Some((200, serde_json::to_string(&changes).unwrap()))
        }
        ("POST", ("changes", _)) => Some(match on_server(|server| server.save(body)) {
            Ok(saved) => (200, saved),
            Err(code) => (409, format!(r#"{{"code":"{code}"}}"#)),
        }),
        ("GET", ("credentials/changes", _)) => Some((200, r#"{"changes":[]}"#.to_owned())),
        ("GET", ("passkeys", _)) => Some((200, r#"{"passkeys":[]}"#.to_owned())),
        _ => None,
    }
}

fn asked(query: &str) -> ListChanges {
    let value = |name: &str| {
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
    };
    ListChanges {
        since: value("since").map_or(0, |since| since.parse().unwrap()),
        limit: value("limit").map(|limit| limit.parse().unwrap()),
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
