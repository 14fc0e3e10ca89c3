//! libFuzzer over `parsers::log_in`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parsers::log_in(data));
