//! The forms that open and make a vault.

use super::vault::{invited, locked, locked_beside, nothing, saves, serve_keyring};
use super::{Page, accounts, en, en_with, world};
use crate::browser_test::test;
use crate::keyring::Keyring;
use crate::keyring::tests::login::PASSPHRASE;
use crate::platform::lowercase::lower_case;
use crate::platform::random::BrowserRandom;
use crate::text::Msg;
use crate::workers::client::in_page;

/// Starts empty keyrings, as the worker does.
pub(super) fn serve_empty_keyring() {
    in_page::serve("keyring", || {
        let mut keyring = Keyring::new(BrowserRandom, lower_case);
        move |request| keyring.handle(request)
    });
}

pub(super) async fn unlock(page: &Page, passphrase: &str) {
    page.type_in(&en(Msg::Username), "Ada").await;
    page.type_in("Passphrase", passphrase).await;
    page.enter("Passphrase").await;
}

#[test]
async fn server_without_a_vault_shows_where_the_invite_is() {
    let page = locked_beside(false).await;
    page.sees(&en(Msg::FirstTitle)).await;
    page.sees(&en(Msg::FirstIntro)).await;
    assert!(!page.offers("Unlock"), "nobody has a log-in yet");
    page.press(&en(Msg::FirstCheck)).await;
    page.says(&en(Msg::FirstStill)).await;
    // Someone makes a vault meanwhile.
    world::answer(|request, _| (request == "GET setup").then(|| (200, "{\"has_vault\":true}".into())));
    page.press(&en(Msg::FirstCheck)).await;
    page.focuses(&en(Msg::Username)).await;
    assert!(page.offers("Unlock") && !page.text().contains(&en(Msg::FirstTitle)));
}

#[test]
async fn hint_without_a_vault_leads_to_the_unlock_form() {
    let page = locked_beside(false).await;
    page.sees(&en(Msg::FirstTitle)).await;
    page.press(&en(Msg::HaveVault)).await;
    page.focuses(&en(Msg::Username)).await;
    assert!(page.offers("Unlock"));
}

#[test]
async fn unlock_form_stays_when_there_is_a_vault_or_no_answer() {
    for answers in [true, false] {
        let page = if answers { locked_beside(true).await } else { locked().await.0 };
        page.until("the request", || world::heard().iter().any(|(request, _)| request == "GET setup")).await;
        crate::platform::browser::pause().await;
        assert!(page.offers("Unlock") && !page.text().contains(&en(Msg::FirstTitle)));
    }
}

#[test]
async fn unlock_without_a_passphrase_has_a_fault_beside_the_field() {
    let (page, _) = locked().await;
    page.type_in("Passphrase", " ").await;
    page.press("Unlock").await;
    page.until("the fault", || page.fault("Passphrase") == en(Msg::PassphraseEmpty)).await;
    page.focuses("Passphrase").await;
}

#[test]
async fn unlock_form_switches_between_passphrase_and_recovery_code() {
    let (page, _) = locked().await;
    serve_keyring(nothing);
    page.press(&en(Msg::UseRecovery)).await;
    page.sees(&en(Msg::RecoveryHint)).await;
    page.focuses(&en(Msg::Recovery)).await;
    // A browser must not take the code for a password to save.
    assert!(page.shown("input[type=password], [autocomplete=current-password]").is_empty());
    assert_eq!(page.shown("#secret[type=text][autocomplete=off]").len(), 1);
    page.enter(&en(Msg::Recovery)).await;
    page.until("the fault", || page.fault(&en(Msg::Recovery)) == en(Msg::RecoveryEmpty)).await;
    page.type_in(&en(Msg::Username), "ada").await;
    page.type_in(&en(Msg::Recovery), "abandon ability").await;
    page.enter(&en(Msg::Recovery)).await;
    let few = en_with(Msg::RecoveryCount, &[("found", &2)]);
    page.until("the fault", || page.fault(&en(Msg::Recovery)) == few).await;
    page.press(&en(Msg::UsePassphrase)).await;
    page.until("the passphrase", || page.shown("#secret[type=password]").len() == 1).await;
    assert_eq!(page.value("Passphrase"), "");
}

#[test]
async fn typed_passphrase_is_shown_on_request() {
    let (page, _) = locked().await;
    page.type_in("Passphrase", "typed").await;
    assert_eq!(page.field("Passphrase").type_(), "password");
    page.tick(&en(Msg::ShowPassphrase)).await;
    page.until("the text", || page.field("Passphrase").type_() == "text").await;
}

#[test]
async fn invalid_username_has_a_fault_beside_its_field() {
    let (page, _) = locked().await;
    serve_keyring(nothing);
    page.type_in("Passphrase", PASSPHRASE).await;
    page.enter("Passphrase").await;
    page.until("the fault", || page.fault(&en(Msg::Username)) == en(Msg::UsernameEmpty)).await;
    page.focuses(&en(Msg::Username)).await;
}

#[test]
async fn unlock_tells_a_missing_keyring_from_a_silent_server() {
    let (page, _) = locked().await;
    world::offer("keyring-script", "");
    world::offer("keyring-module", "no WebAssembly");
    unlock(&page, PASSPHRASE).await;
    page.until("the fault", || page.fault("Passphrase") == en(Msg::FaultNotLoaded)).await;
    serve_keyring(nothing);
    page.enter("Passphrase").await;
    page.until("the fault", || page.fault("Passphrase") == en(Msg::FaultSilent)).await;
    assert_eq!(page.value("Passphrase"), PASSPHRASE, "what was typed stays");
}

#[test]
async fn right_passphrase_unlocks_the_vault_and_a_wrong_one_does_not() {
    let (page, _) = locked().await;
    serve_empty_keyring();
    world::answer(saves);
    accounts::serve(true);
    unlock(&page, "correct horse battery stable").await;
    page.until("the fault", || page.fault("Passphrase") == en(Msg::FaultWrongSecret)).await;
    page.type_in("Passphrase", PASSPHRASE).await;
    page.enter("Passphrase").await;
    page.until("the vault", || page.spoken("status") == en(Msg::EmptyVault)).await;
    page.focuses("Name").await;
    assert_eq!(crate::platform::browser::setting("passmint.login").as_deref(), Some("ada"));
    assert!(world::heard().iter().all(|(_, body)| !body.contains("horse")));
    page.press("Log out").await;
    page.says(&en(Msg::LoggedOut)).await;
    assert_eq!(crate::platform::browser::setting("passmint.login"), None);
}

#[test]
async fn unlock_by_recovery_code_offers_to_set_a_passphrase() {
    let (page, _) = locked().await;
    serve_empty_keyring();
    world::answer(saves);
    let code = accounts::serve(true);
    page.press(&en(Msg::UseRecovery)).await;
    page.type_in(&en(Msg::Username), "ada").await;
    page.type_in(&en(Msg::Recovery), &code).await;
    page.enter(&en(Msg::Recovery)).await;
    page.says(&en(Msg::CodeUsed)).await;
    page.press(&en(Msg::PassphraseChange)).await;
    page.sees(&en_with(Msg::AccountOf, &[("username", &"ada")])).await;
}

#[test]
async fn passphrase_of_a_new_vault_is_checked_beside_its_fields() {
    let page = invited().await;
    page.sees(&en(Msg::CreateTitle)).await;
    page.type_in("Passphrase", "too short").await;
    page.enter("Passphrase").await;
    let short = en_with(Msg::PassphraseShort, &[("least", &12)]);
    page.until("the fault", || page.fault("Passphrase") == short).await;
    page.focuses("Passphrase").await;
    page.type_in("Passphrase", PASSPHRASE).await;
    page.type_in(&en(Msg::PassphraseAgain), "correct horse").await;
    page.enter("Passphrase").await;
    page.until("the fault", || page.fault(&en(Msg::PassphraseAgain)) == en(Msg::PassphrasesDiffer)).await;
    page.focuses(&en(Msg::PassphraseAgain)).await;
    assert_eq!(page.fault("Passphrase"), "");
    page.press(&en(Msg::HaveVault)).await;
    page.sees(&en(Msg::UnlockTitle)).await;
    page.press(&en(Msg::HaveInvite)).await;
    page.sees(&en(Msg::CreateTitle)).await;
}

#[test]
async fn vault_is_made_after_its_recovery_code_is_confirmed() {
    let page = invited().await;
    serve_empty_keyring();
    world::answer(saves);
    accounts::serve(false);
    page.type_in(&en(Msg::Username), "ada").await;
    page.type_in("Passphrase", PASSPHRASE).await;
    page.type_in(&en(Msg::PassphraseAgain), PASSPHRASE).await;
    page.press(&en(Msg::Create)).await;
    page.focuses(&en(Msg::CodeTitle)).await;
    let words: Vec<String> = page.shown(".code-words li").into_iter().map(|word| word.inner_text()).collect();
    assert_eq!(words.len(), 12);
    let asked: Vec<String> = page.shown(".code-confirm label").into_iter().map(|label| label.inner_text()).collect();
    for label in &asked {
        page.type_in(label, "wrong").await;
    }
    page.press(&en(Msg::CodeDone)).await;
    page.until("the fault", || page.spoken("alert").ends_with("Check what you wrote down.")).await;
    assert!(!world::heard().iter().any(|(request, _)| request == "POST accounts/finish"));
    for label in &asked {
        let place: usize = label.rsplit(' ').next().unwrap().parse().unwrap();
        page.type_in(label, &words[place - 1]).await;
    }
    page.press(&en(Msg::CodeDone)).await;
    page.until("the vault", || page.spoken("status") == en(Msg::EmptyVault)).await;
    assert_eq!(crate::platform::browser::window().location().hash().unwrap(), "", "the invite is used up");
}
