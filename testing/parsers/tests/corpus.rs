//! Every parser reads its folder of the fuzzing corpus (`testing/fuzz/corpus`) without a panic.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use parsers::TARGETS;

#[test]
fn corpus_is_read_without_a_panic() {
    let corpus = Path::new("../fuzz/corpus");
    for (name, read) in TARGETS {
        let files: Vec<_> = fs::read_dir(corpus.join(name)).unwrap().map(|file| file.unwrap().path()).collect();
        assert!(files.len() > 10, "{name}: the corpus is there");
        for file in files {
            // Names the one that panics.
            println!("{}", file.display());
            read(&fs::read(&file).unwrap());
        }
    }
}

#[test]
fn every_parser_has_a_fuzz_target() {
    let targets = Path::new("../fuzz/fuzz_targets");
    let name = |file: fs::DirEntry| file.path().file_stem().unwrap().to_str().unwrap().to_owned();
    let there: BTreeSet<String> = fs::read_dir(targets).unwrap().map(|file| name(file.unwrap())).collect();
    assert_eq!(there, TARGETS.map(|(name, _)| name.to_owned()).into());
}
