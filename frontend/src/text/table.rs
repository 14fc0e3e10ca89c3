//! The page's words by name. What they say stands in `texts/`, a file for each language, which is fetched when the page
//! starts. Pure, and tested natively.

use std::fmt::Write;

/// Names the texts, in the order of the files.
macro_rules! texts {
    ($($name:ident)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Msg { $($name),* }

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

texts! {
    Product Decimal Dismiss Generator Vault SkipToVault Name NameHint NameEmpty NameTooLong Password Generate Copy
    Save NoPassword NoRandomness NoPart CopyFailed CopiedAgain CopiedUnsaved LockedSave StateSaved StateWaiting
    Strength EffortMoments EffortHours EffortDays EffortYears EffortThousandYears EffortMillionYears
    EffortBillionYears EffortUniverse EffortUniverses Kind KindCharacters KindWords KindPin KindSite Length
    LengthSlider LengthFault Classes ClassLower ClassUpper ClassDigits ClassSymbols MoreRules MinimumFault
    NoneKeyboardSafe NotKeyboardSafe NothingChosen ClassEmptied MinimumsAboveLength AddedAndLeftOut NotVisible
    TooManyCharacters ReadAloud Bulk Trust Settings UpdateReady UpdateNow VaultLoading VaultNotLoaded TryAgain Stopped
    Cancel Close Undo Minimums NoLookAlikes KeyboardSafe Exclude Include WordCount WordCountFault Separator SeparatorHint
    SeparatorLong SeparatorFault Capitals CapitalsNone CapitalsFirst CapitalsWord AddDigit WordsLoading PinLength
    PinLengthFault PinHint SiteText SiteHint SiteLength SiteCost SiteFree SiteColumn ExpectedRule ExpectedColon
    ExpectedNumber ExpectedPositive ExpectedClass ExpectedCommaOrSemicolon ExpectedSemicolon ExpectedSetEnd
    ExpectedHyphenFirst ExpectedAscii SiteLengths SiteTooShort SiteTooLong SiteRequirementEmptied SiteNothingLeft
    SiteTooMany SiteContradiction Preset PresetUsual PresetBack PresetKeep PresetKeepNow PresetName PresetNameEmpty
    PresetNameLong PresetNameTaken PresetMany PresetKept PresetNotKept PresetDelete PresetDeleted PresetsUnread
    ReadTitle ReadHint ReadBack ReadBackRight ReadBackSoFar ReadBackWrong ReadBackLong SpellCapital SpellSmall
    SpellWords SpellDigits SpellSymbols SpellOther BulkTitle BulkIntro BulkCount BulkCountFault BulkFormat BulkText
    BulkCsv BulkCsvHint BulkMake BulkProgress BulkDone BulkCancelled TrustTitle TrustIntro TrustRun TrustRunning
    TrustExhaustive TrustExhaustiveText TrustExhaustiveEven TrustExhaustiveUneven TrustSample TrustSampleText
    TrustResult TrustFine TrustOdd TrustWrong TrustNeedsCharacters TrustChart TrustBar Language Theme ThemeSystem
    ThemeLight ThemeDark Keys KeysOn KeyName KeyGenerate KeyCopy KeyRead KeySearch KeyLock KeyHelp KeyEnter KeyEscape
    Username Passphrase PassphraseAgain PassphraseHint ShowPassphrase Unlock UnlockTitle UseRecovery UsePassphrase
    Recovery RecoveryHint NoVaultYet HaveVault HaveInvite FirstTitle FirstIntro FirstElse FirstCheck FirstStill CreateTitle CreateIntro Create CodeTitle CodeIntro CodePrint
    CodeCopy CodeCopied CodeConfirm CodeDone CodeAbandon CodeOf CodeWord CodeWordWrong UsernameEmpty UsernameTooLong
    UsernameControl PassphraseEmpty RecoveryEmpty PassphrasesDiffer PassphraseShort RecoveryCount RecoveryUnknownWord
    RecoveryWrongWord RecoverySomeWordWrong StepStarting StepAsking StepStretching StepCreating StepLoading
    StepLoadingSome Search Lock LogOut EmptyVault Show Hide Delete Named Discard Waiting ServerSilent Locked
    SessionEnded LoggedOut ClipboardCleared SavedCopied SavedNotCopied Saved NotSavedSilent NotSaved NotSealed Copied
    Deleted NotDeleted UnopenedOne Unopened CountOne Count CountSome NoHit AgoNow AgoMinutes AgoHours AgoYesterday
    AgoDays AgoMonth AgoMonths AgoYear AgoYears CopiedKept CopiedNotKept LockedSaveKept AddEntry Bin BinLeave BinErase
    BinHint BinEmpty BinEmptied Restore Restored Erase Erased NotErased Drafts DraftsHint DraftUnnamed DraftOf
    DraftSave DraftKept DraftDiscard KeptHere Conflict ConflictFound ConflictHere ConflictEnded Compare CompareTitle
    CompareIntro SideMine SideTheirs SideDeleted SideDiffers KeepMine KeepTheirs KeepBoth KeepHint EntryOpening
    EntryUsername Website Note NoteHint Tags TagsHint EntryDates EntryBinned Edit EditTitle AddTitle Duplicate CopyOf
    Rotate Rotated RotatedNotCopied RotateNoRules History HistoryUntil GenerateHere ShowPassword SaveEntry
    EntryNameEmpty FieldTooLong DoubtOlder DoubtMissing DoubtFormat DoubtAccept BackupTitle
    BackupIntro BackupOpen BackupWrong BackupDamaged BackupMemory BackupSave BackupSaveHint FaultCancelled FaultWrongSecret
    FaultTooLarge FaultConflict FaultNotLoaded FaultEnded FaultUnfit FaultSilent FaultStrange InviteUnknown InviteUsed
    InviteExpired UsernameTaken LoginFailed SessionOver VaultFull Overloaded StoreUnavailable RequestTimeout StaleVersion
    NotFound Internal Mismatch
    Account AccountOf ConfirmPassphrase ConfirmWrong PassphraseChangeHint PassphraseNew PassphraseChange
    PassphraseChanged RecoveryRenewHint RecoveryRenew RecoveryDone RecoveryRenewed Passkeys PasskeysHint
    PasskeysNotHere PasskeyAdd PasskeyAdded PasskeyRemove PasskeyRemoved PasskeySince PasskeyUnused PasskeyDeclined
    PasskeyKnown PasskeyNoPrf PasskeyFailed PasskeyWrong UsePasskey Sessions SessionsHint SessionUnnamed SessionHere
    SessionSince SessionEnd SessionsEndOthers Locking LockHint LockAfter LockMinutes LockNever LockHidden LockedIdle
    LockedHidden EndAccount EndHint EndType EndNotNamed EndNow EndBackups EndDone LogInAgain TooManyPasskeys TooManyAttempts
    Import Export Health ManageVault CodeUsed
    HealthHint HealthRunning HealthNothing HealthFine HealthSome HealthReused HealthReusedHint HealthShared HealthWeak
    HealthWeakHint HealthImported HealthImportedHint HealthOld HealthOldHint HealthNone HealthMore
    ImportTitle ImportIntro ImportKinds ImportFile ImportReading ImportUnread ImportPassword ImportPasswordHint
    ImportBackupHint ImportPasswordEmpty ImportPasswordWrong ImportOpen ImportOther ImportTable ImportRow ImportFound
    ImportAgain ImportStart ImportNot ImportWill ImportMore ImportSaveList ImportProgress ImportDoneSaved
    ImportDoneWaits ImportDoneKnown ImportDoneRefused ImportDoneLeft ImportWaits ColumnsIntro ColumnsHeader
    ColumnsUnnamed ColumnsToNote ColumnsLeave ColumnsNothing ColumnsDone FileEmpty FileTooLarge FileKeePass FileZip
    FileBinary FileNotUnicode FileMarkup FileCutOff FileNotJson FileUnknownJson FileUnexpected FileAccountEncrypted
    FileKdf FileDamaged FileOpenQuote FileNotATable FileNoRows FileTooMany RowBinned RowNothing RowTooLong
    RowNamedWebsite RowNamedUsername RowNamedPlace RowInNote RowPasskey RowUnknownKind RowHistoryCut RowCells RowTwice
    ExportTitle ExportBackup ExportJson ExportCsv ExportBackupHint ExportPassphrase ExportBare ExportCsvHint
    ExportSpreadsheet ExportNow ExportProgress ExportDone ExportFormulas ExportFormulaPasswords
}

/// How many texts there are.
const COUNT: usize = NAMES.len();

/// The texts of one language.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// As a language tag (RFC 5646).
    language: String,
    lines: Vec<String>,
}

impl Texts {
    /// Takes the texts of the first part of the page in a language: a line each, in the order of [`Msg`], as `cargo xtask` makes them of the file.
    #[must_use]
    pub fn new(language: &str, texts: &str) -> Self {
        Self { language: language.to_owned(), lines: texts.split('\n').map(str::to_owned).collect() }
    }

    /// The same texts and those of the other parts.
    #[must_use]
    pub fn and(&self, others: &str) -> Self {
        let lines = self.lines.iter().cloned().chain(others.split('\n').map(str::to_owned)).collect();
        Self { language: self.language.clone(), lines }
    }

    /// Whether the texts of all parts are here.
    #[must_use]
    pub fn are_all(&self) -> bool {
        self.lines.len() >= COUNT
    }

    /// The language, as a tag (RFC 5646).
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    /// What a text says. Of texts that did not come with the file, nothing.
    #[must_use]
    pub fn get(&self, text: Msg) -> &str {
        self.lines.get(text as usize).map_or("", String::as_str)
    }
}

/// A text with `{name}` and the like filled in. What is filled in is not looked into again.
#[must_use]
pub fn fill(text: &str, values: &[(&str, &dyn std::fmt::Display)]) -> String {
    let mut filled = String::new();
    let mut parts = text.split('{');
    filled.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let known = part.split_once('}').and_then(|(name, rest)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value, rest))
        });
        match known {
            // Writing to a string does not fail.
            Some((value, rest)) => drop(write!(filled, "{value}{rest}")),
            None => {
                filled.push('{');
                filled.push_str(part);
            }
        }
    }
    filled
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) const FILES: [(&str, &str); 3] = [
        ("en", include_str!("../../texts/en.txt")),
        ("de", include_str!("../../texts/de.txt")),
        ("ja", include_str!("../../texts/ja.txt")),
    ];

    /// Names and texts of a file.
    pub(crate) fn read(file: &'static str) -> Vec<(&'static str, &'static str)> {
        let lines = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(|line| line.split_once(" = ").unwrap_or_else(|| panic!("no text: {line}"))).collect()
    }

    fn places(text: &str) -> Vec<&str> {
        let mut places: Vec<&str> =
            text.split('{').skip(1).map(|part| part.split_once('}').expect("an open brace").0).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn every_language_says_everything() {
        for (language, file) in FILES {
            let texts = read(file);
            let names: Vec<&str> = texts.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, NAMES, "{language}: names, in order");
            for ((name, text), (_, english)) in texts.iter().zip(read(FILES[0].1)) {
                assert!(!text.trim().is_empty() && *text == text.trim(), "{language}: {name}");
                assert_eq!(places(text), places(english), "{language}: what {name} fills in");
            }
        }
    }

    #[test]
    fn lists_have_as_many_parts_as_there_are_characters() {
        for (language, file) in FILES {
            let lines: Vec<&str> = read(file).into_iter().map(|(_, text)| text).collect();
            let texts = Texts::new(language, &lines.join("\n"));
            for (list, parted_by, parts) in
                [(Msg::SpellWords, ' ', 26), (Msg::SpellDigits, ' ', 10), (Msg::SpellSymbols, '|', 32)]
            {
                assert_eq!(
                    texts.get(list).split(parted_by).filter(|part| !part.is_empty()).count(),
                    parts,
                    "{language}"
                );
            }
        }
    }

    #[test]
    fn the_files_are_parted_at_the_same_text() {
        let first = |file: &'static str| read(file.split_once("\n# ===\n").expect("no mark").0).len();
        assert_eq!(FILES.map(|(_, file)| first(file)), [first(FILES[0].1); 3]);
        let texts = Texts::new("en", "a\nb");
        assert!(!texts.are_all());
        let whole = texts.and(&vec!["x"; COUNT - 2].join("\n"));
        assert!(whole.are_all());
        assert_eq!((whole.get(Msg::Product), whole.get(Msg::Mismatch)), ("a", "x"));
    }

    #[test]
    fn texts_are_found_by_their_place() {
        let texts = Texts::new("en", "Passmint\n.");
        assert_eq!((texts.get(Msg::Product), texts.get(Msg::Decimal), texts.get(Msg::Mismatch)), ("Passmint", ".", ""));
        assert_eq!(texts.language(), "en");
    }

    #[test]
    fn what_is_filled_in_is_not_looked_into() {
        assert_eq!(fill("{a} and {b}", &[("a", &"{b}"), ("b", &2)]), "{b} and 2");
        assert_eq!(fill("{name}", &[("name", &"x{y")]), "x{y");
        assert_eq!(fill("{unknown} {", &[("a", &1)]), "{unknown} {");
        assert_eq!(fill("nothing", &[]), "nothing");
    }
}
