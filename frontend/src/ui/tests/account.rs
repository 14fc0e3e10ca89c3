//! The account: each of its forms, in the dialog.

use shared::credentials::{PasskeySummary, Passkeys};
use shared::ids::{PasskeyId, SessionId};
use shared::sessions::{CredentialName, Device, SessionSummary, Sessions};

use super::locked::{serve_empty_keyring, unlock};
use super::vault::{locked, nothing, open, open_by, saves, two};
use super::{Page, accounts, en, en_with, world};
use crate::browser_test::test;
use crate::keyring::tests::NOW;
use crate::keyring::tests::login::PASSPHRASE;
use crate::platform::browser::setting;
use crate::text::Msg;

/// A passphrase that is long enough.
const OTHER: &str = "another horse battery";

/// Opens a part of the account's dialog.
async fn look_at(page: &Page, part: Msg) {
    page.press("Account").await;
    page.sees(&en_with(Msg::AccountOf, &[("username", &"ada")])).await;
    page.press(&en(part)).await;
}

/// A page whose vault was opened by its passphrase, so that it can be confirmed.
async fn unlocked() -> Page {
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
async fn a_new_passphrase_is_checked_beside_its_fields_before_anything_is_asked() {
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
async fn the_passphrase_changes_once_the_old_one_is_confirmed() {
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
async fn opened_by_the_recovery_code_no_passphrase_is_asked_for() {
    let (page, _) = open_by(nothing, CredentialName::Recovery).await;
    accounts::serve(true);
    look_at(&page, Msg::Passphrase).await;
    page.sees(&en(Msg::PassphraseChangeHint)).await;
    assert!(!page.text().contains(&en(Msg::ConfirmPassphrase)));
    page.type_in(&en(Msg::PassphraseNew), OTHER).await;
    page.type_in(&en(Msg::PassphraseAgain), OTHER).await;
    page.press(&en(Msg::PassphraseChange)).await;
    page.says(&en(Msg::PassphraseChanged)).await;
}

#[test]
async fn a_new_recovery_code_counts_once_it_is_written_down() {
    let page = unlocked().await;
    look_at(&page, Msg::Recovery).await;
    page.press(&en(Msg::RecoveryRenew)).await;
    page.until("the fault", || page.fault(&en(Msg::ConfirmPassphrase)) == en(Msg::PassphraseEmpty)).await;
    page.type_in(&en(Msg::ConfirmPassphrase), PASSPHRASE).await;
    page.press(&en(Msg::RecoveryRenew)).await;
    page.focuses(&en(Msg::CodeTitle)).await;
    let confirmed = world::heard().iter().filter(|(request, _)| request == "POST sessions/finish").count();
    assert_eq!(confirmed, 2, "once to unlock, and once to confirm");
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
async fn what_keeps_the_sessions_from_being_listed_is_an_alert() {
    let (page, _) = open(nothing).await;
    look_at(&page, Msg::Sessions).await;
    page.until("the alert", || page.spoken("alert") == en(Msg::FaultSilent)).await;
}

#[test]
async fn passkeys_are_listed_and_none_is_removed_without_the_passphrase() {
    let (page, _) = open(nothing).await;
    let passkey = PasskeySummary { id: PasskeyId::try_from(vec![1, 2, 3]).unwrap(), created_at: NOW, used_at: None };
    let all = serde_json::to_string(&Passkeys { passkeys: vec![passkey] }).unwrap();
    world::answer(move |request, _| (request == "GET passkeys").then(|| (200, all.clone())));
    look_at(&page, Msg::Passkeys).await;
    page.sees(&en(Msg::PasskeyUnused)).await;
    // Tests run at an address that is a bare number.
    page.sees(&en(Msg::PasskeysNotHere)).await;
    let remove = page.shown(".row .button")[0].get_attribute("aria-label").unwrap();
    assert!(remove.starts_with("Remove Added "), "{remove}");
    page.press(&remove).await;
    page.until("the fault", || page.fault(&en(Msg::ConfirmPassphrase)) == en(Msg::PassphraseEmpty)).await;
}

#[test]
async fn when_to_lock_is_chosen_and_kept() {
    let (page, _) = open(nothing).await;
    look_at(&page, Msg::Locking).await;
    page.choose(&en(Msg::LockAfter), "5 min").await;
    assert_eq!(setting("passmint.lock-after").as_deref(), Some("5"));
    page.tick(&en(Msg::LockHidden)).await;
    page.until("the setting", || setting("passmint.lock-hidden").is_some()).await;
}

#[test]
async fn an_account_is_deleted_only_by_its_name_and_passphrase() {
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
    assert!(asked("DELETE accounts/current"));
    page.sees(&en(Msg::UnlockTitle)).await;
    assert_eq!(setting("passmint.login"), None);
}

#[test]
async fn the_count_of_what_is_deleted_with_an_account_is_said() {
    let (page, _) = open(two).await;
    look_at(&page, Msg::EndAccount).await;
    page.sees(&en_with(Msg::EndHint, &[("count", &2)])).await;
}
