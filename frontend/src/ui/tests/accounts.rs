//! A fake server that makes accounts and logs in by OPAQUE, for pages that open a vault by its secret.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use opaque_ke::{CredentialFinalization, ServerLogin};
use shared::accounts::AccountFinish;
use shared::credentials::CredentialFinish;
use shared::login::Suite;
use shared::sessions::{CredentialName, SessionFinish};
use shared::vault_key::VaultKeyFinish;

use super::{vault, world};
use crate::keyring::Keyring;
use crate::keyring::tests::Counter;
use crate::keyring::tests::login::{Server, parameters, register};

thread_local! {
    /// An account as the server stores it, and its recovery code. Made once, because Argon2id is slow.
    static REGISTERED: OnceCell<(String, String)> = const { OnceCell::new() };
}

struct Accounts {
    server: Server,
    account: Option<AccountFinish>,
    username: Option<(CredentialName, ServerLogin<Suite>)>,
}

/// Answers the page's requests with such a server from now on. It has an account already, or makes the first one that
/// is requested. Gives the recovery code of the account.
pub(in crate::ui) fn serve(has_account: bool) -> String {
    let server = Server::new();
    let (account, code) = REGISTERED.with(|made| {
        made.get_or_init(|| {
            let (account, code) = register(&server, &mut Keyring::new(Counter(0), str::to_lowercase));
            (serde_json::to_string(&account).unwrap(), code)
        })
        .clone()
    });
    let account: Option<AccountFinish> = has_account.then(|| serde_json::from_str(&account).unwrap());
    if let Some(account) = &account {
        vault::serve_empty(&account.head);
    }
    let accounts = Rc::new(RefCell::new(Accounts { server, account, username: None }));
    world::answer(move |request, body| accounts.borrow_mut().answer(request, body));
    code
}

impl Accounts {
    fn answer(&mut self, request: &str, body: &str) -> Option<(u16, String)> {
        Some(match request {
            "POST accounts/start" => (200, self.server.challenge(&serde_json::from_str(body).unwrap())),
            "POST accounts/finish" => {
                let account: AccountFinish = serde_json::from_str(body).unwrap();
                vault::serve_empty(&account.head);
                self.account = Some(account);
                (201, String::new())
            }
            "POST sessions/start" => {
                let start: shared::sessions::SessionStart = serde_json::from_str(body).unwrap();
                let (answer, state) = self.server.start_login(self.account.as_ref(), &start);
                self.username = Some((start.credential, state));
                (200, answer)
            }
            "POST sessions/finish" => (200, self.finish(body)),
            "POST proofs/start" => (200, self.server.start_proof(self.account.as_ref().unwrap(), body)),
            "POST credentials/start" => (200, self.server.start_replacement(body)),
            "POST credentials/finish" => {
                let CredentialFinish { credential, secret, proof, .. } = serde_json::from_str(body).unwrap();
                assert_eq!(proof.finalization.0.len(), 64);
                let account = self.account.as_mut().unwrap();
                match credential {
                    CredentialName::Passphrase => account.passphrase = secret,
                    CredentialName::Recovery => account.recovery = secret,
                    CredentialName::Passkey(_) => {}
                }
                (204, String::new())
            }
            "POST vault-key/start" => (200, self.server.start_vault_key(body)),
            "POST vault-key/finish" => {
                let VaultKeyFinish { key_no, passphrase, recovery, earlier_keys, head, .. } =
                    serde_json::from_str(body).unwrap();
                let account = self.account.as_mut().unwrap();
                (account.passphrase, account.recovery) = (passphrase, recovery);
                (self.server.key_no, self.server.earlier_keys) = (key_no, Some(earlier_keys));
                vault::replace_head(&head);
                (204, String::new())
            }
            "POST passkeys/remove" | "DELETE sessions/current" | "POST accounts/delete" => (204, String::new()),
            _ => return None,
        })
    }

    fn finish(&mut self, body: &str) -> String {
        let finish: SessionFinish = serde_json::from_str(body).unwrap();
        let finalization = CredentialFinalization::deserialize(&finish.finalization.0).unwrap();
        let (credential, state) = self.username.take().unwrap();
        state.finish(finalization, parameters()).unwrap();
        self.server.grant(self.account.as_ref().unwrap(), &credential)
    }
}
