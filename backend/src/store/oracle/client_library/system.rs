//! The system that should load a client library: its machine, its packages, and the folders it searches.

use std::env::{self, consts};
use std::fs;
use std::path::{Path, PathBuf};

use super::file::{self, Machine};

/// The way to install a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packages {
    /// Debian and Ubuntu before the year-2038 renaming of packages: Debian 12, Ubuntu 22.04.
    Apt,
    /// Debian 13, Ubuntu 24.04 and later: `libaio1t64`, whose file has another name as well.
    Apt64,
    /// Relatives of Debian, whose version numbers tell nothing.
    AptUnknown,
    Dnf,
    Zypper,
    Pacman,
    Macos,
    Unknown,
}

impl Packages {
    /// By the text of os-release(5).
    pub(super) fn of(os_release: &str) -> Self {
        let value = |key: &str| {
            let mut values = os_release.lines().filter_map(|line| line.trim().strip_prefix(key)?.strip_prefix('='));
            values.next().unwrap_or_default().trim_matches(['"', '\'']).to_lowercase()
        };
        let major: Option<u32> = value("VERSION_ID").split('.').next().and_then(|major| major.parse().ok());
        let (id, like) = (value("ID"), value("ID_LIKE"));
        match id.as_str() {
            // Testing and unstable have no number.
            "debian" | "raspbian" => {
                return if major.is_none_or(|major| major >= 13) { Self::Apt64 } else { Self::Apt };
            }
            "ubuntu" => return if major.is_none_or(|major| major >= 24) { Self::Apt64 } else { Self::Apt },
            _ => {}
        }
        let is = |names: &[&str]| names.iter().any(|name| id.starts_with(name) || like.split(' ').any(|l| l == *name));
        match () {
            () if is(&["debian", "ubuntu"]) => Self::AptUnknown,
            () if is(&["ol", "fedora", "rhel", "centos", "rocky", "almalinux", "amzn"]) => Self::Dnf,
            () if is(&["suse", "opensuse", "sles"]) => Self::Zypper,
            () if is(&["arch"]) => Self::Pacman,
            () => Self::Unknown,
        }
    }
}

pub(super) struct System {
    pub(super) machine: Machine,
    /// As in the names of Debian's folders.
    pub(super) arch: &'static str,
    pub(super) packages: Packages,
    pub(super) is_macos: bool,
    /// This program is linked with musl.
    pub(super) is_musl: bool,
    /// The folders that driver and loader search, in that order, as far as they are listed in text.
    pub(super) searched: Vec<PathBuf>,
    /// The folders in which Oracle's packages and its guides put the library.
    pub(super) usual: Vec<PathBuf>,
}

impl System {
    /// The system that runs this program.
    pub(super) fn this() -> Self {
        let is_macos = cfg!(target_os = "macos");
        let machine = match (consts::ARCH, is_macos) {
            ("x86_64", false) => Machine::LINUX_X86_64,
            ("aarch64", false) => Machine::LINUX_ARM_64,
            ("x86_64", true) => Machine::MAC_X86_64,
            ("aarch64", true) => Machine::MAC_ARM_64,
            _ => Machine::OTHER,
        };
        let release = || {
            let read = |path: &str| fs::read_to_string(path).ok();
            read("/etc/os-release").or_else(|| read("/usr/lib/os-release")).unwrap_or_default()
        };
        let packages = if is_macos { Packages::Macos } else { Packages::of(&release()) };
        let variable = if is_macos { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };
        // ODPI-C begins with the folder of this program, and ends with that of ORACLE_HOME.
        let mut searched: Vec<PathBuf> =
            env::current_exe().iter().filter_map(|exe| Some(exe.parent()?.into())).collect();
        searched.extend(env::var_os(variable).iter().flat_map(env::split_paths));
        searched.extend(configured(Path::new("/etc/ld.so.conf.d")));
        searched.extend(env::var_os("ORACLE_HOME").map(|home| Path::new(&home).join("lib")));
        searched.retain(|folder| folder.is_absolute());
        let mut usual = inner(Path::new("/opt/oracle"), "instantclient");
        usual.extend(inner(Path::new("/usr/lib/oracle"), "").into_iter().map(|version| version.join("client64/lib")));
        let is_musl = cfg!(target_env = "musl");
        Self { machine, arch: consts::ARCH, packages, is_macos, is_musl, searched, usual }
    }

    /// The file name by which the library is loaded.
    pub(super) fn library(&self) -> &'static str {
        if self.is_macos { "libclntsh.dylib" } else { "libclntsh.so" }
    }

    /// The package of Instant Client for this machine.
    pub(super) fn package(&self) -> &'static str {
        match self.machine {
            Machine::LINUX_X86_64 => "instantclient-basiclite-linuxx64.zip",
            Machine::LINUX_ARM_64 => "instantclient-basiclite-linux-arm64.zip",
            Machine::MAC_X86_64 => "Instant Client Basic Light for macOS (Intel x86)",
            Machine::MAC_ARM_64 => "Instant Client Basic Light for macOS (ARM64)",
            _ => "Instant Client Basic Light of this machine, if Oracle has it,",
        }
    }

    pub(super) fn download(&self) -> String {
        format!("Install {}, in a folder of its own.", self.package())
    }

    /// A library of the system that the client needs and the loader does not find.
    pub(super) fn missing_package(&self, name: &str) -> String {
        let lacks = format!("Oracle Instant Client needs {name}, which this system lacks.");
        let run = "Run this, then start again:";
        if name != "libaio.so.1" {
            return match (self.packages, name) {
                (Packages::Dnf, "libnsl.so.1") => format!("{lacks} {run} sudo dnf install libnsl"),
                (Packages::Dnf, _) => {
                    format!("{lacks} Install the package that this command names: dnf provides '*/{name}'")
                }
                (Packages::Apt | Packages::Apt64 | Packages::AptUnknown, _) => {
                    format!("{lacks} Install the package that this command names: apt-file search {name}")
                }
                _ => format!("{lacks} Install the package of this system that holds it."),
            };
        }
        let renamed = format!(
            "sudo apt-get install libaio1t64 && sudo ln -sf libaio.so.1t64 /usr/lib/{}-linux-gnu/libaio.so.1",
            self.arch
        );
        match self.packages {
            Packages::Apt => format!("{lacks} {run} sudo apt-get install libaio1"),
            Packages::Apt64 => format!("{lacks} This system calls it libaio.so.1t64. {run} {renamed}"),
            Packages::AptUnknown => format!(
                "{lacks} Run sudo apt-get install libaio1. If there is no such package, run this, then start again: \
                 {renamed}"
            ),
            Packages::Dnf => format!("{lacks} {run} sudo dnf install libaio"),
            Packages::Zypper => format!("{lacks} {run} sudo zypper install libaio1"),
            Packages::Pacman => format!("{lacks} {run} sudo pacman -S libaio"),
            Packages::Macos | Packages::Unknown => {
                format!("{lacks} Install the package of this system that holds it: it is called libaio or libaio1.")
            }
        }
    }
}

/// The folders in the loader's configuration, which `ldconfig` reads.
fn configured(folder: &Path) -> Vec<PathBuf> {
    let files = file::names(folder).unwrap_or_default().into_iter().filter(|name| name.ends_with(".conf"));
    let texts = files.filter_map(|name| fs::read_to_string(folder.join(name)).ok());
    texts
        .flat_map(|text| text.lines().map(|line| PathBuf::from(line.trim())).collect::<Vec<_>>())
        .filter(|folder| folder.is_absolute())
        .collect()
}

/// The folders in a folder whose names begin so, the last one by name first.
fn inner(folder: &Path, begin: &str) -> Vec<PathBuf> {
    let mut names = file::names(folder).unwrap_or_default();
    names.retain(|name| name.starts_with(begin));
    names.sort();
    names.into_iter().rev().map(|name| folder.join(name)).collect()
}
