//! libFuzzer over `parsers::api_bodies`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parsers::api_bodies(data));
