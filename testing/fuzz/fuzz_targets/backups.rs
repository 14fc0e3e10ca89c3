//! libFuzzer over `parsers::backups`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parsers::backups(data));
