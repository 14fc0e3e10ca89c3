//! The reasons why Oracle's client library cannot be loaded, each with the operator's next command.
//!
//! DPI-1047 is one code for a dozen causes. Its text quotes the message of the system's loader, which tells some of them
//! apart; the files themselves tell the rest. That message is searched for fixed phrases and for one file name, and
//! never shown.

mod file;
mod system;

use std::path::{Path, PathBuf};

use self::file::LibraryFile;
use self::system::{Packages, System};
use super::explain as explain_code;
use super::remedy::Code;

/// The libraries of Instant Client, by the beginning of their names.
const ORACLE_LIBRARIES: [&str; 8] =
    ["libclntsh", "libnnz", "libmql", "libipc", "libons", "libocci", "libociei", "libociicus"];

/// Limits of what is taken from the loader's message: a file name of the longest kind, and a path.
const NAME_MAX: usize = 64;
const PATH_MAX: usize = 1024;

/// The meaning and the remedy of a failure to load the library, for the operator's log. `folder` is the one that the
/// operator named.
pub(super) fn explain(error: &oracle::Error, folder: Option<&Path>) -> String {
    let search = Search { folder, system: System::this() };
    let code = Code::of(error);
    let reason = match code {
        Some(Code::Dpi(1047)) => search.reason(error.db_error().map(oracle::DbError::message).unwrap_or_default()),
        // The library was loaded; the one with its data was not.
        Some(Code::Ora(1804)) => search.denied(),
        _ => None,
    };
    match code.zip(reason) {
        Some((code, reason)) => format!("{code}: {reason}"),
        None => explain_code(code),
    }
}

/// A library that would end the process with SIGBUS while it is loaded, because its file is cut short.
pub(super) fn cut_short(folder: Option<&Path>) -> Option<String> {
    Search { folder, system: System::this() }.cut_short()
}

/// Where the library is searched for.
struct Search<'a> {
    /// The folder of `--oracle-client`: the only one, if it is set.
    folder: Option<&'a Path>,
    system: System,
}

impl Search<'_> {
    /// The cause and the next command, or `None` if they are not known. `text` is that of DPI-1047.
    fn reason(&self, text: &str) -> Option<String> {
        let message = text.split('"').nth(1).unwrap_or_default();
        let says = |phrase: &str| message.contains(phrase);
        let from_musl = says("Error loading shared library") || says("Error relocating");
        if self.system.is_musl || from_musl || says("Dynamic loading not supported") {
            return Some(
                "this system's C library is musl (Alpine), and Oracle's client library needs glibc. Run Passmint on \
                 Debian, Ubuntu or Oracle Linux, or in an image made from one of them."
                    .into(),
            );
        }
        if let Some(needed) = message.split_once("version `GLIBC_").map(|(_, rest)| clean(rest, 8)) {
            return Some(format!(
                "Oracle Instant Client needs glibc {}, and this system's is older. Upgrade the system, or install an \
                 older Instant Client, for example 19.",
                needed.trim_end_matches('.')
            ));
        }
        if says("cannot enable executable stack") {
            return Some(
                "this Oracle Instant Client needs an executable stack, which this system refuses. Install Instant \
                 Client 23."
                    .into(),
            );
        }
        if says("library load disallowed") || says("code signature") {
            return Some(format!(
                "macOS has quarantined Oracle Instant Client. Run this, then start again: xattr -d -r \
                 com.apple.quarantine {}",
                self.folder.map_or_else(|| "FOLDER".into(), shell)
            ));
        }
        let named = named(message);
        if let Some(folder) = self.folder
            && let Some(reason) =
                self.folder_fault(folder).or_else(|| self.library_fault(folder, self.system.library()))
        {
            return Some(reason);
        }
        let name = named.rsplit('/').next().unwrap_or_default();
        let home = self.home(&named);
        if says("failed to map segment") {
            return Some(format!(
                "the system forbids to run code from {}: its file system is mounted with noexec. Move Oracle Instant \
                 Client to /opt/oracle.",
                home.as_deref().map_or_else(|| name.to_owned(), shown)
            ));
        }
        if says("undefined symbol") || says("Symbol not found") {
            return Some(format!(
                "{name} does not fit the other libraries of Oracle Instant Client: two versions are mixed. Remove all \
                 but one, run sudo ldconfig, and start again."
            ));
        }
        let is_main = name.starts_with(self.system.library());
        if !is_main && (says("cannot open shared object file") || says("Library not loaded")) {
            return Some(self.missing(name, home.as_deref()));
        }
        if self.folder.is_none() {
            return self.not_found(home.as_deref(), &says);
        }
        None
    }

    /// The folder of the library: the operator's, or the one in the loader's message, or the first that holds one.
    fn home(&self, named: &str) -> Option<PathBuf> {
        if let Some(folder) = self.folder {
            return Some(folder.to_owned());
        }
        let named = Path::new(named);
        if named.is_absolute() && named.file_name().is_some_and(|name| name == self.system.library()) {
            return named.parent().map(Path::to_owned);
        }
        let mut folders = self.system.searched.iter().chain(&self.system.usual);
        folders.find(|folder| !self.versions(folder).is_empty()).cloned()
    }

    /// The file names of the library in a folder, with and without a version.
    fn versions(&self, folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = file::names(folder).unwrap_or_default();
        names.retain(|name| {
            name.strip_prefix(self.system.library()).is_some_and(|r| r.is_empty() || r.starts_with('.'))
        });
        names.sort();
        names
    }

    /// A fault of the folder that the operator named: it is none, or cannot be read, or does not hold the library.
    fn folder_fault(&self, folder: &Path) -> Option<String> {
        let names = match file::names(folder) {
            Ok(names) => names,
            Err(error) => return Some(self.unreadable_folder(folder, error.kind())),
        };
        if file::exists(&folder.join(self.system.library())) {
            return None;
        }
        let (shown, library) = (shown(folder), self.system.library());
        if let Some(version) = self.versions(folder).last() {
            return Some(format!(
                "{shown} holds {version}, but the link {library} is missing: copying or unpacking has lost it. Run \
                 this, then start again: sudo ln -s {version} {}",
                shell(&folder.join(library))
            ));
        }
        let holds = |end: &str| names.iter().find(|name| name.ends_with(end));
        let inner = names.iter().find(|name| !self.versions(&folder.join(name)).is_empty());
        let zip = names.iter().find(|name| name.starts_with("instantclient") && name.ends_with(".zip"));
        Some(if let Some(inner) = inner {
            format!("--oracle-client names {shown}, one folder too high. Set it to {}", shell(&folder.join(inner)))
        } else if let Some(zip) = zip {
            format!(
                "{shown} holds {zip}, which is not unpacked. Run this, name the folder that it makes in \
                 --oracle-client, and start again: sudo unzip {} -d {}",
                shell(&folder.join(zip)),
                shell(folder)
            )
        } else if holds("libclntsh.dylib").or(holds("libclntsh.so")).or(holds("oci.dll")).is_some() {
            format!("{shown} holds the Instant Client of another system. {}", self.system.download())
        } else {
            let is_empty = if names.is_empty() { "is empty" } else { "is not a folder of Oracle Instant Client" };
            format!("--oracle-client names {shown}, which {is_empty}: {library} is not there. {}", self.install())
        })
    }

    fn unreadable_folder(&self, folder: &Path, error: std::io::ErrorKind) -> String {
        use std::io::ErrorKind::{NotADirectory, PermissionDenied};
        let shown = shown(folder);
        // packaging/passmint.service sets ProtectHome and PrivateTmp, and other users may not enter /root.
        let hidden = ["/home", "/root", "/tmp", "/var/tmp", "/run/user"].iter().any(|top| folder.starts_with(top));
        let (problem, remedy) = match error {
            NotADirectory => ("is a file", "Name the folder that holds it.".into()),
            PermissionDenied if hidden => {
                ("the user that runs Passmint may not read", "Move it to /opt/oracle, and name it there.".into())
            }
            PermissionDenied => return unreadable(folder, folder),
            _ if hidden => (
                "does not exist, or which a service cannot see",
                "Put Oracle Instant Client into /opt/oracle, and name its folder there.".into(),
            ),
            _ => ("does not exist", self.install()),
        };
        format!("--oracle-client names {shown}, which {problem}. {remedy}")
    }

    /// A fault of a library's own file, if the folder holds it.
    fn library_fault(&self, folder: &Path, name: &str) -> Option<String> {
        let path = folder.join(name);
        let shown = shown(&path);
        Some(match file::read(&path) {
            LibraryFile::Absent if file::exists(&path) => format!(
                "{shown} is a link to a file that is not there. Download Oracle Instant Client again, and unpack it whole."
            ),
            LibraryFile::Absent => return None,
            LibraryFile::Denied => unreadable(&path, folder),
            LibraryFile::For(machine) if !machine.fits(self.system.machine) => {
                format!("{shown} is made for {machine}, not for {}. {}", self.system.machine, self.system.download())
            }
            LibraryFile::For(_) => return None,
            LibraryFile::LinkText(target) => format!(
                "{shown} is a text that names {target}, where a link should be: the program that unpacked the zip \
                 lost its links. Unpack it again with unzip."
            ),
            LibraryFile::CutShort => return Some(damaged(&path)),
            LibraryFile::Other => format!("{shown} is not a library. {}", self.system.download()),
        })
    }

    /// A library that another one needs was not found.
    fn missing(&self, name: &str, home: Option<&Path>) -> String {
        if !ORACLE_LIBRARIES.iter().any(|library| name.starts_with(library)) {
            return self.system.missing_package(name);
        }
        let Some(home) = home else {
            return format!(
                "Oracle Instant Client was found, but not its {name}. Put the folder that holds it into \
                 /etc/ld.so.conf.d/oracle-instantclient.conf, run sudo ldconfig, and start again."
            );
        };
        // glibc says of a file that it may not read, and of one for another machine, that it does not exist.
        if let Some(fault) = self.library_fault(home, name) {
            return fault;
        }
        if file::exists(&home.join(name)) && !self.system.is_macos {
            return format!(
                "Oracle Instant Client is in {}, but the system does not search there for its other libraries, such \
                 as {name}. {}",
                shown(home),
                register(home)
            );
        }
        format!(
            "{} lacks {name}, a part of Oracle Instant Client. Download it again, and unpack it whole.",
            shown(home)
        )
    }

    /// Neither the loader nor the operator knows a folder.
    fn not_found(&self, home: Option<&Path>, says: &dyn Fn(&str) -> bool) -> Option<String> {
        if let Some(home) = home {
            if let Some(fault) = self.library_fault(home, self.system.library()) {
                return Some(fault);
            }
            let (names, library) = (self.versions(home), self.system.library());
            if names.last().is_some_and(|name| name == library) || names.len() > 1 {
                return Some(format!(
                    "Oracle Instant Client is in {}, but the system does not search there. {}",
                    shown(home),
                    if self.system.is_macos { format!("Set --oracle-client {}", shell(home)) } else { register(home) }
                ));
            }
            if let Some(version) = names.first() {
                return Some(format!(
                    "{} holds {version}, but the link {library} is missing. Run this, then start again: sudo ln -s \
                     {version} {} && sudo ldconfig",
                    shown(home),
                    shell(&home.join(library))
                ));
            }
        }
        let is_other = ["wrong ELF class", "incompatible architecture", "wrong architecture"].iter().any(|w| says(w));
        if is_other {
            return Some(format!("Oracle Instant Client is of another machine. {}", self.system.download()));
        }
        let is_absent = ["cannot open shared object file", "image not found", "no such file"].iter().any(|w| says(w));
        is_absent.then(|| format!("Oracle Instant Client is not installed. {}", self.install()))
    }

    fn install(&self) -> String {
        let package = self.system.package();
        match self.system.packages {
            Packages::Macos => format!("Install {package} as step 6 of docs/ORACLE.md says, and set --oracle-client."),
            _ => format!("Install {package} and libaio as step 6 of docs/ORACLE.md says."),
        }
    }

    fn cut_short(&self) -> Option<String> {
        let folder = self.home("")?;
        // Nothing is loaded from another folder.
        if self.folder.is_none() && !self.system.searched.contains(&folder) {
            return None;
        }
        Some(damaged(&first_library(&folder, LibraryFile::CutShort)?))
    }

    /// A library that this user may not read.
    fn denied(&self) -> Option<String> {
        let folder = self.home("")?;
        Some(unreadable(&first_library(&folder, LibraryFile::Denied)?, &folder))
    }
}

/// The first of Oracle's libraries in a folder with this fault.
fn first_library(folder: &Path, fault: LibraryFile) -> Option<PathBuf> {
    let mut names = file::names(folder).unwrap_or_default();
    names.retain(|name| ORACLE_LIBRARIES.iter().any(|library| name.starts_with(library)));
    names.into_iter().map(|name| folder.join(name)).find(|path| file::read(path) == fault)
}

/// The file that the loader's message begins with. Only the characters of usual paths are taken.
fn named(message: &str) -> String {
    let rest = match message.split_once("Library not loaded: ") {
        Some((_, rest)) => rest,
        None => message.strip_prefix("dlopen(").unwrap_or(message),
    };
    clean(rest, PATH_MAX)
}

/// The beginning of a text, as far as it is made of the characters of usual paths.
fn clean(text: &str, most: usize) -> String {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || "._/+-@".contains(c);
    let path: String = text.chars().take_while(|&c| is_usual(c)).take(most).collect();
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.len() > NAME_MAX { String::new() } else { path }
}

fn unreadable(file: &Path, folder: &Path) -> String {
    format!(
        "{} cannot be read by the user that runs Passmint: permission denied. Run this, then start again: sudo chmod -R \
         a+rX {}",
        shown(file),
        shell(folder)
    )
}

fn damaged(file: &Path) -> String {
    format!(
        "{} is cut short, and was not loaded. Download Oracle Instant Client again, and unpack it whole.",
        shown(file)
    )
}

/// The command that makes a folder known to the loader.
fn register(folder: &Path) -> String {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    format!(
        "Run this, then start again: echo {} | sudo tee /etc/ld.so.conf.d/oracle-instantclient.conf && sudo ldconfig",
        shell(&folder)
    )
}

/// A path for a message: without characters that a terminal obeys.
fn shown(path: &Path) -> String {
    path.display().to_string().chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// A path as an argument in a shell.
fn shell(path: &Path) -> String {
    let shown = shown(path);
    let is_plain = shown.chars().all(|c| c.is_alphanumeric() || "._/+-@".contains(c));
    if is_plain { shown } else { format!("'{}'", shown.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests;
