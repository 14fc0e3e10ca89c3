//! The files of a client library: the machine that they are for, and whether they are whole.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// The processor and the system that a library is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Machine(pub(super) &'static str);

impl Machine {
    pub(super) const LINUX_X86_64: Self = Self("Linux on x86-64");
    pub(super) const LINUX_ARM_64: Self = Self("Linux on 64-bit Arm");
    pub(super) const MAC_X86_64: Self = Self("Macs with Intel processors");
    pub(super) const MAC_ARM_64: Self = Self("Macs with Apple silicon");
    pub(super) const OTHER: Self = Self("another processor");
    const MAC: Self = Self("Macs");
    const BITS_32: Self = Self("32-bit programs");
    const WINDOWS: Self = Self("Windows");

    /// True if a library made for this can be loaded there.
    pub(super) fn fits(self, there: Self) -> bool {
        self == there || self == Self::MAC && [Self::MAC_X86_64, Self::MAC_ARM_64].contains(&there)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The result of a look at a file that should be a library.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LibraryFile {
    Absent,
    /// The system does not let this user read it.
    Denied,
    For(Machine),
    /// Parts that the loader would map into memory lie behind the end of the file: to touch them is SIGBUS.
    CutShort,
    /// A symbolic link that was unpacked as a file, and the name in it.
    LinkText(String),
    Other,
}

/// The names of all files in a folder that are text.
///
/// # Errors
/// If the folder cannot be read.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
    Ok(fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
}

/// True if there is such a name, even that of a link which leads nowhere.
pub(super) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

pub(super) fn read(path: &Path) -> LibraryFile {
    match parse(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => LibraryFile::Denied,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => LibraryFile::Absent,
        Err(_) => LibraryFile::Other,
    }
}

fn parse(path: &Path) -> io::Result<LibraryFile> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut start = Vec::new();
    file.by_ref().take(64).read_to_end(&mut start)?;
    Ok(match start.as_slice() {
        [0x7f, b'E', b'L', b'F', 1, ..] => LibraryFile::For(Machine::BITS_32),
        // Byte 5 is 1 if numbers are little-endian.
        [0x7f, b'E', b'L', b'F', 2, 1, ..] => match u16_at(&start, 18) {
            Some(62 | 183) if is_cut_short(&mut file, &start, length)? => LibraryFile::CutShort,
            Some(62) => LibraryFile::For(Machine::LINUX_X86_64),
            Some(183) => LibraryFile::For(Machine::LINUX_ARM_64),
            Some(_) => LibraryFile::For(Machine::OTHER),
            None => LibraryFile::CutShort,
        },
        [0x7f, b'E', b'L', b'F', ..] if length < 64 => LibraryFile::CutShort,
        [0x7f, b'E', b'L', b'F', ..] => LibraryFile::For(Machine::OTHER),
        // Mach-O: its processor is a number of 4 bytes; a universal file holds several.
        [0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1, ..] => LibraryFile::For(Machine::MAC_X86_64),
        [0xcf, 0xfa, 0xed, 0xfe, 12, 0, 0, 1, ..] => LibraryFile::For(Machine::MAC_ARM_64),
        [0xca, 0xfe, 0xba, 0xbe, ..] => LibraryFile::For(Machine::MAC),
        [b'M', b'Z', ..] => LibraryFile::For(Machine::WINDOWS),
        text if length < 64 && text.starts_with(b"libclntsh") && text.iter().all(is_name) => {
            LibraryFile::LinkText(String::from_utf8_lossy(text).into_owned())
        }
        _ => LibraryFile::Other,
    })
}

fn is_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'.'
}

/// True if a segment of a 64-bit ELF file lies behind the file's end (System V ABI, "Program Header").
fn is_cut_short(file: &mut File, header: &[u8], length: u64) -> io::Result<bool> {
    const ENTRY: usize = 56;
    let (Some(table), Some(size), Some(count)) = (u64_at(header, 32), u16_at(header, 54), u16_at(header, 56)) else {
        return Ok(true);
    };
    if usize::from(size) != ENTRY {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(table))?;
    let mut entries = Vec::new();
    file.take(u64::from(count) * ENTRY as u64).read_to_end(&mut entries)?;
    if entries.len() < usize::from(count) * ENTRY {
        return Ok(true);
    }
    // A segment that is loaded has type 1.
    Ok(entries.chunks_exact(ENTRY).filter(|entry| entry.starts_with(&[1, 0, 0, 0])).any(|entry| {
        let end = u64_at(entry, 8).zip(u64_at(entry, 32)).and_then(|(offset, size)| offset.checked_add(size));
        end.is_none_or(|end| end > length)
    }))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
