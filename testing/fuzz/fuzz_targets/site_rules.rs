//! libFuzzer over `parsers::site_rules`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parsers::site_rules(data));
