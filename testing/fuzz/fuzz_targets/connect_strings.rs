//! libFuzzer over `parsers::connect_strings`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parsers::connect_strings(data));
