//! libFuzzer over `parsers::archives`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parsers::archives(data));
