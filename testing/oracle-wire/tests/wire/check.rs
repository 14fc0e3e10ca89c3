//! `passmint check`: every step holds, with and without TLS.

use oracle_wire::{ALIAS, Output, Stand, Wallet};

#[test]
fn check_passes_without_tls() {
    let stand = Stand::start();
    assert_passed(&stand.check(&[]));
}

#[test]
fn check_passes_over_mtls_by_alias() {
    let stand = Stand::start();
    let wallet = stand.wallet(Wallet::Mtls);
    let output = stand.check(&["--oracle-connect", ALIAS, "--oracle-config", wallet.to_str().unwrap()]);
    assert_passed(&output);
    assert!(output.stdout.contains("✓ TLS"), "{}", output.stdout);
}

fn assert_passed(output: &Output) {
    let text = output.text();
    assert_eq!(output.code, Some(0), "{text}");
    for step in ["client", "log-in", "write, read, delete"] {
        assert!(text.lines().any(|line| line.contains('✓') && line.contains(step)), "{step}: {text}");
    }
    assert!(!text.contains('✗'), "{text}");
}
