//! The forms of the account dialog.

use shared::credentials::{
    CredentialChange, CredentialChangeKind, CredentialChanges, CredentialFinish, PasskeySummary, Passkeys,
};
use shared::ids::{PasskeyId, SessionId};
use shared::sessions::{CredentialName, Device, SessionSummary, Sessions};
use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;

use super::locked::{serve_empty_keyring, unlock};
use super::vault::{locked, nothing, open, open_by, saves, two};
use super::{Page, accounts, en, en_with, world};
use crate::browser_test::test;
use crate::keyring::tests::NOW;
use crate::keyring::tests::login::PASSPHRASE;
use crate::platform::browser::{save_setting, setting};
use crate::session::lock_after;
use crate::text::Msg;

/// A passphrase that is long enough.
const OTHER: &str = "another horse battery";

/// Opens a section of the account dialog.
async fn look_at(page: &Page, part: Msg) {
    page.press("Account").await;
    page.sees(&en_with(Msg::AccountOf, &[("username", &"ada")])).await;
    page.press(&en(part)).await;
}

/// A page whose vault was opened by its passphrase, which can then be proven.
pub(super) async fn unlocked() -> Page {
    let (page, _) = locked().await;
    serve_empty_keyring();
    world::answer(saves);
    accounts::serve(true);
    unlock(&page, PASSPHRASE).await;
    page.until("the vault", || page.offers("Lock")).await;
    page
}

fn session_id(n: u8) -> SessionId {
    SessionId::try_from(vec![n; 16]).unwrap()
}

fn asked(request: &str) -> bool {
    world::heard().iter().any(|(heard, _)| heard == request)
}

#[test]
async fn new_passphrase_with_fault_is_refused_before_any_request() {
    let (page, _) = open(nothing).await;
    look_at(&page, Msg::Passphrase).await;
    let (current, new, again) = (en(Msg::ConfirmPassphrase), en(Msg::PassphraseNew), en(Msg::PassphraseAgain));
    page.type_in(&new, "short").await;
    page.enter(&new).await;
    page.until("the fault", || page.fault(&new) == en_with(Msg::PassphraseShort, &[("least", &12)])).await;
    page.focuses(&new).await;
    page.type_in(&new, OTHER).await;
    page.enter(&new).await;
    page.until("the fault", || page.fault(&again) == en(Msg::PassphrasesDiffer)).await;
    page.focuses(&again).await;
    page.type_in(&again, OTHER).await;
    page.enter(&new).await;
    page.until("the fault", || page.fault(&current) == en(Msg::PassphraseEmpty)).await;
    page.focuses(&current).await;
    assert!(!asked("POST sessions/start"));
}

#[test]
async fn passphrase_changes_after_the_old_one_is_confirmed() {
    let page = unlocked().await;
    look_at(&page, Msg::Passphrase).await;
    let current = en(Msg::ConfirmPassphrase);
    page.type_in(&en(Msg::PassphraseNew), OTHER).await;
    page.type_in(&en(Msg::PassphraseAgain), OTHER).await;
    page.type_in(&current, "not the passphrase").await;
    page.enter(&current).await;
    page.until("the fault", || page.fault(&current) == en(Msg::ConfirmWrong)).await;
    assert!(!asked("POST credentials/start"));
    page.type_in(&current, PASSPHRASE).await;
    page.enter(&current).await;
    page.says(&en(Msg::PassphraseChanged)).await;
    assert!(asked("POST credentials/finish"));
    assert_eq!(page.value(&en(Msg::PassphraseNew)), "");
}

#[test]
async fn vault_opened_by_recovery_code_asks_for_the_code_as_proof_and_takes_the_passphrase_too() {
    let (page, _) = open_by(nothing, CredentialName::Recovery).await;
    world::answer(|request, _| (request == "GET passkeys").then(|| (200, r#"{"passkeys":[]}"#.to_owned())));
    look_at(&page, Msg::Passphrase).await;
    let (code, passphrase) = (en(Msg::ConfirmCode), en(Msg::ConfirmPassphrase));
    page.until("the field", || !page.shown("#passphrase-current[type=text][autocomplete=off]").is_empty()).await;
    page.type_in(&en(Msg::PassphraseNew), OTHER).await;
    page.type_in(&en(Msg::PassphraseAgain), OTHER).await;
    page.press(&en(Msg::PassphraseChange)).await;
    page.until("the fault", || page.fault(&code) == en(Msg::RecoveryEmpty)).await;
    page.type_in(&code, "abandon ability").await;
    page.press(&en(Msg::PassphraseChange)).await;
    page.until("the fault", || page.fault(&code) == en_with(Msg::RecoveryCount, &[("found", &2)])).await;
    assert!(!asked("POST credentials/start"));
    page.press(&en(Msg::UsePassphrase)).await;
    page.until("the field", || !page.shown("#passphrase-current[type=password]").is_empty()).await;
    assert_eq!(page.value(&passphrase), "");
}

#[test]
async fn recovery_code_proves_as_the_passphrase_does() {
    let (page, _) = locked().await;
    serve_empty_keyring();
    world::answer(saves);
    let code = accounts::serve(true);
    unlock(&page, PASSPHRASE).await;
    page.until("the vault", || page.offers("Lock")).await;
    look_at(&page, Msg::Passphrase).await;
    page.press(&en(Msg::UseRecovery)).await;
    page.focuses(&en(Msg::ConfirmCode)).await;
    page.type_in(&en(Msg::ConfirmCode), &code).await;
    page.type_in(&en(Msg::PassphraseNew), OTHER).await;
    page.type_in(&en(Msg::PassphraseAgain), OTHER).await;
    page.press(&en(Msg::PassphraseChange)).await;
    page.says(&en(Msg::PassphraseChanged)).await;
    page.sees(&en(Msg::NewKeyOffer)).await;
    page.press(&en(Msg::NewKeyStart)).await;
    page.sees(&en(Msg::NewKeyHint)).await;
}

#[test]
async fn passkeys_are_kept_only_if_they_are_ticked() {
    let page = unlocked().await;
    let passkey = |n: u8| PasskeySummary {
        id: PasskeyId::try_from(vec![n; 16]).unwrap(),
        created_at: NOW,
        used_at: None,
        outdated: false,
    };
    let all = serde_json::to_string(&Passkeys { passkeys: vec![passkey(1), passkey(2)] }).unwrap();
    world::answer(move |request, _| (request == "GET passkeys").then(|| (200, all.clone())));
    look_at(&page, Msg::Passphrase).await;
    page.sees(&en(Msg::KeepPasskeysHint)).await;
    let boxes = || page.shown(".keep-passkeys input");
    page.until("the boxes", || boxes().len() == 2).await;
    boxes()[1].click();
    page.type_in(&en(Msg::PassphraseNew), OTHER).await;
    page.type_in(&en(Msg::PassphraseAgain), OTHER).await;
    page.type_in(&en(Msg::ConfirmPassphrase), PASSPHRASE).await;
    page.press(&en(Msg::PassphraseChange)).await;
    page.says(&en(Msg::PassphraseChanged)).await;
    let finish = world::heard().into_iter().find(|(request, _)| request == "POST credentials/finish").unwrap().1;
    let finish: CredentialFinish = serde_json::from_str(&finish).unwrap();
    assert_eq!(finish.keep_passkeys, Some(vec![passkey(2).id]));
}

#[test]
async fn nothing_is_changed_while_the_list_of_passkeys_is_missing() {
    let page = unlocked().await;
    world::answer(|request, _| (request == "GET passkeys").then(|| (world::SILENT, String::new())));
    look_at(&page, Msg::Passphrase).await;
    page.until("the alert", || page.spoken("alert").contains(&en(Msg::FaultSilent))).await;
    page.type_in(&en(Msg::PassphraseNew), OTHER).await;
    page.type_in(&en(Msg::PassphraseAgain), OTHER).await;
    page.type_in(&en(Msg::ConfirmPassphrase), PASSPHRASE).await;
    page.press(&en(Msg::PassphraseChange)).await;
    page.until("the alert", || page.spoken("alert").contains(&en(Msg::KeepPasskeysUnknown))).await;
    assert!(!asked("POST credentials/start"));
}

#[test]
async fn new_recovery_code_counts_after_its_words_are_confirmed() {
    let page = unlocked().await;
    look_at(&page, Msg::Recovery).await;
    page.press(&en(Msg::RecoveryRenew)).await;
    page.until("the fault", || page.fault(&en(Msg::ConfirmPassphrase)) == en(Msg::PassphraseEmpty)).await;
    page.type_in(&en(Msg::ConfirmPassphrase), PASSPHRASE).await;
    page.press(&en(Msg::RecoveryRenew)).await;
    page.focuses(&en(Msg::CodeTitle)).await;
    let confirmed = world::heard().iter().filter(|(request, _)| request == "POST proofs/start").count();
    assert_eq!(confirmed, 1);
    let words: Vec<String> = page.shown(".code-words li").into_iter().map(|word| word.inner_text()).collect();
    for label in page.shown(".code-confirm label").into_iter().map(|label| label.inner_text()) {
        let place: usize = label.rsplit(' ').next().unwrap().parse().unwrap();
        page.type_in(&label, &words[place - 1]).await;
    }
    assert!(!asked("POST credentials/finish"));
    page.press(&en(Msg::RecoveryDone)).await;
    page.says(&en(Msg::RecoveryRenewed)).await;
    assert!(asked("POST credentials/finish"));
}

#[test]
async fn sessions_are_listed_and_others_can_be_ended() {
    let (page, _) = open(nothing).await;
    let summary = |n: u8, device: Option<&str>| SessionSummary {
        id: session_id(n),
        device: device.map(|device| Device::new(device).unwrap()),
        created_at: NOW,
        used_at: NOW,
        current: n == 1,
    };
    let all = Sessions { sessions: vec![summary(1, Some("Firefox on Linux")), summary(2, None)] };
    let all = serde_json::to_string(&all).unwrap();
    world::answer(move |request, _| match request {
        "GET sessions" => Some((200, all.clone())),
        request if request.starts_with("DELETE sessions") => Some((204, String::new())),
        _ => None,
    });
    look_at(&page, Msg::Sessions).await;
    page.sees("Firefox on Linux").await;
    page.sees(&en(Msg::SessionHere)).await;
    assert!(!page.offers("End Firefox on Linux"), "this one ends by logging out");
    page.press("End A browser without a name").await;
    page.until("the request", || asked(&format!("DELETE sessions/{}", session_id(2)))).await;
    page.press(&en(Msg::SessionsEndOthers)).await;
    page.until("the request", || asked("DELETE sessions")).await;
}

#[test]
async fn changes_of_credentials_are_listed_with_their_origin() {
    let (page, _) = open(nothing).await;
    look_at(&page, Msg::Changes).await;
    page.sees(&en(Msg::ChangesNone)).await;
    page.press("Close").await;
    let (kind, device) = (CredentialChangeKind::VaultKey, Some(Device::new("Safari on iOS").unwrap()));
    let change = CredentialChange { number: 1, at: NOW, kind, device, address: "192.0.2.7".to_owned() };
    let all = serde_json::to_string(&CredentialChanges { changes: vec![change] }).unwrap();
    world::answer(move |request, _| (request == "GET credentials/changes").then(|| (200, all.clone())));
    look_at(&page, Msg::Changes).await;
    page.sees(&en(Msg::NewsVaultKey)).await;
    page.sees("by “Safari on iOS” from 192.0.2.7").await;
}

#[test]
async fn failure_to_list_sessions_is_an_alert() {
    let (page, _) = open(nothing).await;
    look_at(&page, Msg::Sessions).await;
    page.until("the alert", || page.spoken("alert") == en(Msg::FaultSilent)).await;
}

#[test]
async fn passkey_is_not_removed_without_the_passphrase() {
    let (page, _) = open(nothing).await;
    let passkey = PasskeySummary {
        id: PasskeyId::try_from(vec![1, 2, 3]).unwrap(),
        created_at: NOW,
        used_at: None,
        outdated: false,
    };
    let all = serde_json::to_string(&Passkeys { passkeys: vec![passkey] }).unwrap();
    world::answer(move |request, _| (request == "GET passkeys").then(|| (200, all.clone())));
    look_at(&page, Msg::Passkeys).await;
    page.sees(&en(Msg::PasskeyUnused)).await;
    // Tests run at a bare IP address, for which browsers offer no passkeys.
    page.sees(&en(Msg::PasskeysNotHere)).await;
    let remove = page.shown(".row .button")[0].get_attribute("aria-label").unwrap();
    assert!(remove.starts_with("Remove Added "), "{remove}");
    page.press(&remove).await;
    page.until("the fault", || page.fault(&en(Msg::ConfirmPassphrase)) == en(Msg::PassphraseEmpty)).await;
}

#[test]
async fn chosen_lock_minutes_are_stored() {
    let (page, _) = open(nothing).await;
    look_at(&page, Msg::Locking).await;
    page.choose(&en(Msg::LockAfter), "5 min").await;
    assert_eq!(setting("passmint.lock-after").as_deref(), Some("5"));
    page.tick(&en(Msg::LockHidden)).await;
    page.until("the setting", || setting("passmint.lock-hidden").is_some()).await;
}

#[test]
async fn lock_minutes_that_are_no_choice_count_as_the_default() {
    let (page, _) = open(nothing).await;
    save_setting("passmint.lock-after", Some("7"));
    look_at(&page, Msg::Locking).await;
    page.until("the list", || page.shown("select").len() == 1).await;
    let list: HtmlSelectElement = page.field(&en(Msg::LockAfter)).unchecked_into();
    let chosen = || list.selected_options().item(0).and_then(|option| option.text_content()).unwrap_or_default();
    page.until("the default", || chosen() == format!("{} min", lock_after())).await;
    assert_eq!(chosen(), "15 min");
}

#[test]
async fn account_is_deleted_only_with_its_name_and_passphrase() {
    let page = unlocked().await;
    look_at(&page, Msg::EndAccount).await;
    let named = en_with(Msg::EndType, &[("username", &"ada")]);
    page.sees(&en_with(Msg::EndHint, &[("count", &0)])).await;
    page.type_in(&named, "eve").await;
    page.press(&en(Msg::EndNow)).await;
    page.until("the fault", || page.fault(&named) == en(Msg::EndNotNamed)).await;
    page.focuses(&named).await;
    page.type_in(&named, " Ada ").await;
    page.press(&en(Msg::EndNow)).await;
    page.until("the fault", || page.fault(&en(Msg::ConfirmPassphrase)) == en(Msg::PassphraseEmpty)).await;
    page.type_in(&en(Msg::ConfirmPassphrase), PASSPHRASE).await;
    page.press(&en(Msg::EndNow)).await;
    page.says(&en(Msg::EndDone)).await;
    assert!(asked("POST accounts/delete"));
    page.sees(&en(Msg::UnlockTitle)).await;
    assert_eq!(setting("passmint.login"), None);
}

#[test]
async fn deleting_an_account_names_the_count_of_its_entries() {
    let (page, _) = open(two).await;
    look_at(&page, Msg::EndAccount).await;
    page.sees(&en_with(Msg::EndHint, &[("count", &2)])).await;
}
