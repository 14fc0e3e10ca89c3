//! libFuzzer over `parsers::answers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parsers::answers(data));
