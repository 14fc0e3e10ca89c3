//! libFuzzer over `parsers::imports`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parsers::imports(data));
