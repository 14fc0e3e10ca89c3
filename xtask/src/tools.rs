//! The tools that a build or a test needs: found, or installed into the per-user cache with a line that says so.
//!
//! Nothing is fetched but from package registries, each by its own client and by the package's name: crates by cargo,
//! Debian's packages by apt-get, npm's by npm, Python's by pip.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use base64ct::{Base64, Encoding};
use serde_json::json;
use sha2::{Digest, Sha512};

use crate::python;
use crate::shell::{cache, cargo, command, find, root, run, target};

/// As `Trunk.toml` wants it. 0.22 needs a newer compiler than `rust-toolchain.toml` names.
const TRUNK: &str = "0.21.14";
const WASM_SPLIT: &str = "0.2.4";
const CARGO_DENY: &str = "0.20.2";
const CARGO_FUZZ: &str = "0.13.2";
const CARGO_MUTANTS: &str = "27.1.0";
const SCHEMATHESIS: &str = "4.32.5";
const CARGO_CYCLONEDX: &str = "0.5.9";

/// A published version of a package of npm.
struct NpmPackage {
    name: &'static str,
    version: &'static str,
    /// Its `dist.integrity` in the npm registry.
    sha512: &'static str,
}

const AXE: NpmPackage = NpmPackage {
    name: "axe-core",
    version: "4.14.1",
    sha512: "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
};
const BITWARDEN: NpmPackage = NpmPackage {
    name: "@bitwarden/sdk-internal",
    version: "0.2.0-main.1054",
    sha512: "NVnCcCSBPzrD7SZfX3jtahjKwXJFZv1MuNwxrpa8rA1uGTHfIQRpInK8vkFw/X6Qb0fvIdc6A4aZJlLJFhSiOQ==",
};
const GENERATE_PASSWORD: NpmPackage = NpmPackage {
    name: "generate-password",
    version: "1.7.1",
    sha512: "9bVYY+16m7W7GczRBDqXE+VVuCX+bWNrfYKC/2p2JkZukFb2sKxT6E3zZ3mJGz7GMe5iRK0A/WawSL3jQfJuNQ==",
};

/// A browser, and the program that drives it for a test.
pub(crate) struct Browser {
    pub(crate) chrome: PathBuf,
    pub(crate) driver: PathBuf,
}

/// The browser runs as root in containers too, and makes no requests of its own.
const BROWSER_FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--lang=en-GB",
];

impl Browser {
    /// Writes WebDriver's capabilities for this browser into a file of the build output, and gives its path.
    pub(crate) fn capabilities(&self) -> Result<PathBuf> {
        let file = target()?.join("webdriver.json");
        let options = json!({ "binary": self.chrome, "args": BROWSER_FLAGS });
        fs::create_dir_all(target()?)?;
        fs::write(&file, json!({ "goog:chromeOptions": options }).to_string())?;
        Ok(file)
    }

    /// Starts the driver on a free port.
    pub(crate) fn start_driver(&self) -> Result<Driver> {
        let mut start = command(&self.driver);
        let mut process =
            start.args(["--port=0", "--log-level=SEVERE"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let output = process.stdout.take().context("no output")?;
        let mut lines = BufReader::new(output).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            line.split_once("started successfully on port ").map(|(_, port)| port.trim_end_matches('.').to_owned())
        });
        let mut driver = Driver { process, url: String::new() };
        let Some(port) = port else {
            driver.stop()?;
            bail!("{} does not start", self.driver.display());
        };
        // Reads the rest of its output, so that it never blocks on a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        driver.url = format!("http://127.0.0.1:{port}");
        Ok(driver)
    }
}

pub(crate) struct Driver {
    process: Child,
    pub(crate) url: String,
}

impl Driver {
    /// Ends it. The tests have closed their browsers.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

/// Finds or installs all that `cargo xtask test` needs beyond the compiler.
pub(crate) fn for_tests() -> Result<()> {
    wasm_target()?;
    for tool in [trunk()?, wasm_split()?, wasm_bindgen("wasm-bindgen-test-runner")?, cargo_deny()?, axe()?] {
        println!("have {}", tool.display());
    }
    let browser = browser()?;
    println!("have {}\nhave {}", browser.chrome.display(), browser.driver.display());
    if let Some(nginx) = nginx() {
        println!("have {}", nginx.display());
    }
    if let Some(python) = python::for_decryptor() {
        println!("have {}", python.display());
    }
    delete_build_output()
}

pub(crate) fn wasm_target() -> Result<()> {
    let query = ["--print", "target-libdir", "--target", "wasm32-unknown-unknown"];
    let answer = command("rustc").args(query).output().context("cannot start rustc")?;
    if Path::new(String::from_utf8_lossy(&answer.stdout).trim()).is_dir() {
        return Ok(());
    }
    println!("installing the WebAssembly target of the compiler");
    run(command("rustup").args(["target", "add", "wasm32-unknown-unknown"]))
        .context("install the target wasm32-unknown-unknown for this Rust toolchain by hand, then try again")
}

/// Trunk, which builds the page.
pub(crate) fn trunk() -> Result<PathBuf> {
    let trunk = CrateTool {
        features: &["--no-default-features", "--features", "rustls"],
        optimised: &["seahash", "sha2"],
        ..CrateTool::new("trunk", TRUNK)
    };
    trunk.found_or_installed("trunk", "about 3 minutes")
}

/// A program of wasm-bindgen's command line, of exactly the version of the crate in Cargo.lock.
pub(crate) fn wasm_bindgen(program: &str) -> Result<PathBuf> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).context("Cargo.lock")?;
    let version = lock
        .split("name = \"wasm-bindgen\"\nversion = \"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .context("Cargo.lock names no wasm-bindgen")?;
    let tool = CrateTool {
        // It runs over every module at each change of the page.
        optimised: &[
            "gimli",
            "hashbrown",
            "id-arena",
            "leb128",
            "leb128fmt",
            "rustc-demangle",
            "walrus",
            "wasm-bindgen-cli-support",
            "wasm-encoder",
            "wasmparser",
        ],
        ..CrateTool::new("wasm-bindgen-cli", version)
    };
    let main = tool.found_or_installed("wasm-bindgen", "about a minute")?;
    // Its other programs stand beside it.
    let tool = main.with_file_name(program).with_extension(std::env::consts::EXE_EXTENSION);
    ensure!(
        tool.is_file(),
        "{} exists, but {program} is not beside it: install all programs of wasm-bindgen-cli {version}",
        main.display()
    );
    Ok(tool)
}

/// wasm-split, which splits the page's module into a first part and parts that load later.
pub(crate) fn wasm_split() -> Result<PathBuf> {
    CrateTool { features: &["--features", "build-binary"], ..CrateTool::new("wasm_split_cli_support", WASM_SPLIT) }
        .installed("wasm-split-cli", "about half a minute")
}

/// cargo-deny, which reads licences and sources of what we depend on.
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    CrateTool::new("cargo-deny", CARGO_DENY).installed("cargo-deny", "some minutes")
}

/// cargo-fuzz, which runs libFuzzer over our parsers.
pub(crate) fn cargo_fuzz() -> Result<PathBuf> {
    CrateTool::new("cargo-fuzz", CARGO_FUZZ).installed("cargo-fuzz", "some minutes")
}

/// cargo-mutants, which changes code and checks that a test fails.
pub(crate) fn cargo_mutants() -> Result<PathBuf> {
    CrateTool::new("cargo-mutants", CARGO_MUTANTS).installed("cargo-mutants", "some minutes")
}

/// Schemathesis, which generates requests from an OpenAPI document. It gets a Python environment of its own.
pub(crate) fn schemathesis() -> Result<PathBuf> {
    let home = cache()?.join("tools").join(format!("schemathesis-{SCHEMATHESIS}"));
    let tool = home.join("bin/schemathesis");
    if tool.is_file() {
        return Ok(tool);
    }
    println!("installing schemathesis {SCHEMATHESIS} into {}", home.display());
    python::make(&home)?;
    python::pip(&home, &[&format!("schemathesis=={SCHEMATHESIS}")])?;
    Ok(tool)
}

/// cargo-cyclonedx, which lists what we depend on.
pub(crate) fn cargo_cyclonedx() -> Result<PathBuf> {
    CrateTool::new("cargo-cyclonedx", CARGO_CYCLONEDX).installed("cargo-cyclonedx", "some minutes")
}

/// A published version of a crate that brings programs.
struct CrateTool<'a> {
    package: &'a str,
    version: &'a str,
    features: &'static [&'static str],
    /// The crates in it that people would wait for if they were not optimised.
    optimised: &'static [&'static str],
}

impl<'a> CrateTool<'a> {
    const fn new(package: &'a str, version: &'a str) -> Self {
        Self { package, version, features: &[], optimised: &[] }
    }

    /// The program on the `PATH` if it is of this very version; otherwise as [`Self::installed`].
    fn found_or_installed(&self, program: &str, time: &str) -> Result<PathBuf> {
        let Some(found) = find(program) else { return self.installed(program, time) };
        match version_of(&found) {
            Some(version) if version == self.version => Ok(found),
            other => {
                let tool = self.place(program)?;
                if !tool.is_file() {
                    let other = other.unwrap_or_else(|| "of an unknown version".into());
                    println!(
                        "{} is {other}: this repository needs {}, and uses one of its own",
                        found.display(),
                        self.version
                    );
                }
                self.installed(program, time)
            }
        }
    }

    /// The program in the per-user cache, where it is installed unless it is there.
    fn installed(&self, program: &str, time: &str) -> Result<PathBuf> {
        let Self { package, version, features, optimised } = self;
        let tool = self.place(program)?;
        if tool.is_file() {
            return Ok(tool);
        }
        println!("installing {package} {version} into {} ({time}, once)", self.home()?.display());
        let mut install = cargo()?;
        install
            .args(["install", "--quiet", "--locked", "--root"])
            .arg(self.home()?)
            .arg(format!("{package}@{version}"));
        install.args(*features);
        for name in *optimised {
            install.args(["--config", &format!("profile.release.package.{name}.opt-level=3")]);
        }
        // These tools run for seconds: a fast build matters more than their speed. The shared target folder builds
        // common dependencies once.
        install.env("CARGO_TARGET_DIR", build_output()?).env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
        install.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        // Away from this repository, whose toolchain file and cargo settings are not theirs.
        if run(install.current_dir(std::env::temp_dir())).is_err() {
            bail!(
                "{package} {version} is missing and could not be installed (cargo says why above): connect to the \
                 network and try again, or put {program} {version} on the PATH"
            );
        }
        ensure!(tool.is_file(), "{package} {version} did not bring {}", tool.display());
        Ok(tool)
    }

    fn home(&self) -> Result<PathBuf> {
        Ok(cache()?.join("tools").join(format!("{}-{}", self.package, self.version)))
    }

    fn place(&self, program: &str) -> Result<PathBuf> {
        Ok(self.home()?.join("bin").join(program).with_extension(std::env::consts::EXE_EXTENSION))
    }
}

/// The target folder of all tools.
fn build_output() -> Result<PathBuf> {
    Ok(cache()?.join("tools/target"))
}

/// Deletes the build output of the tools, more than a gigabyte.
pub(crate) fn delete_build_output() -> Result<()> {
    let left = build_output()?;
    if left.exists() {
        fs::remove_dir_all(&left).with_context(|| format!("cannot delete {}", left.display()))?;
    }
    Ok(())
}

/// The version of a program, from `NAME VERSION`.
fn version_of(program: &Path) -> Option<String> {
    let answer = command(program).arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&answer.stdout).split_whitespace().nth(1)?.to_owned())
}

/// Chromium or Chrome with its driver: `CHROME` and `CHROMEDRIVER`, or the ones on the `PATH`, or the system's package.
pub(crate) fn browser() -> Result<Browser> {
    if let Some(found) = find_browser() {
        return Ok(found);
    }
    apt_install("Chromium and ChromeDriver", &["chromium", "chromium-driver", "fonts-dejavu-core"]);
    find_browser().context(
        "the browser tests need Chromium (or Chrome) and ChromeDriver of the same version: install them \
         (Debian: apt install chromium chromium-driver) or name them in CHROME and CHROMEDRIVER",
    )
}

/// nginx, as a proxy before the server: from the `PATH`, or the system's package. `None` if neither is available.
pub(crate) fn nginx() -> Option<PathBuf> {
    // Debian installs it in a folder that is on root's PATH only.
    let there = || find("nginx").or_else(|| Some(PathBuf::from("/usr/sbin/nginx")).filter(|path| path.is_file()));
    there().or_else(|| {
        apt_install("nginx", &["nginx-light"]);
        let found = there();
        if found.is_none() {
            println!("nginx is missing: packaging/nginx.conf is not tested (Debian: apt install nginx-light)");
        }
        found
    })
}

/// The newest package of the system whose name matches this pattern of apt-cache.
pub(crate) fn newest_of_apt(pattern: &str) -> Option<String> {
    let known = || {
        let answer = command("apt-cache").args(["search", "--names-only", pattern]).output().ok()?;
        newest(&String::from_utf8_lossy(&answer.stdout))
    };
    known().or_else(|| {
        // A machine without lists of packages, such as a fresh container.
        find("apt-get")?;
        run(as_root("apt-get").args(["update", "-qq"])).ok()?;
        known()
    })
}

/// The package with the highest number in its name, from the lines `NAME - DESCRIPTION` of apt-cache.
fn newest(lines: &str) -> Option<String> {
    let names = lines.lines().filter_map(|line| line.split_whitespace().next());
    let number =
        |name: &&str| name.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<u32>().ok()).max();
    names.max_by_key(number).map(str::to_owned)
}

/// A program, run as root by `sudo` if this user is not root.
pub(crate) fn as_root(program: &str) -> Command {
    let mut line = match find("sudo").filter(|_| !user_is_root()) {
        Some(sudo) => {
            let mut line = command(sudo);
            line.arg("-n").arg(program);
            line
        }
        None => command(program),
    };
    line.env("DEBIAN_FRONTEND", "noninteractive");
    line
}

/// Installs packages of the system if apt-get works; prints the error if it does not.
pub(crate) fn apt_install(what: &str, packages: &[&str]) {
    if find("apt-get").is_none() {
        return;
    }
    println!("installing {what} by apt-get");
    let mut install = as_root("apt-get");
    install.args(["install", "-qq", "--no-install-recommends"]).args(packages);
    if let Err(error) = run(as_root("apt-get").args(["update", "-qq"])).and_then(|()| run(&mut install)) {
        println!("apt-get could not: {error:#}");
    }
}

fn find_browser() -> Option<Browser> {
    let named = |variable: &str| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file());
    let chrome = named("CHROME")
        .or_else(|| ["chromium", "chromium-browser", "google-chrome", "chrome"].into_iter().find_map(find))?;
    let driver = named("CHROMEDRIVER").or_else(|| find("chromedriver"))?;
    Some(Browser { chrome, driver })
}

fn user_is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}

/// axe-core, the accessibility checker, as one script.
pub(crate) fn axe() -> Result<PathBuf> {
    Ok(npm_package(&AXE, &["axe.min.js"])?.join("axe.min.js"))
}

/// The folder of Bitwarden's generator, which the benchmark measures against.
pub(crate) fn bitwarden() -> Result<PathBuf> {
    npm_package(&BITWARDEN, &["bitwarden_wasm_internal_bg.js", "bitwarden_wasm_internal_bg.wasm"])
}

/// The folder of npm's most used generator, which the benchmark measures against too.
pub(crate) fn generate_password() -> Result<PathBuf> {
    Ok(npm_package(&GENERATE_PASSWORD, &["src/generate.js"])?.join("src"))
}

/// A package of npm, checked against its known hash: its folder, which has these files.
fn npm_package(package: &NpmPackage, files: &[&str]) -> Result<PathBuf> {
    let NpmPackage { name, version, sha512 } = package;
    // npm names the archive without the sign of a scope.
    let archive = format!("{}-{version}", name.trim_start_matches('@').replace('/', "-"));
    let home = cache()?.join("tools").join(&archive);
    let folder = home.join("package");
    if files.iter().all(|file| folder.join(file).is_file()) {
        return Ok(folder);
    }
    println!("installing {name} {version} into {}", home.display());
    fs::create_dir_all(&home)?;
    let npm = npm().with_context(|| {
        format!(
            "{name} {version} is a package of npm: install Node.js and npm (Debian: apt install npm), then try again"
        )
    })?;
    let spec = format!("{name}@{version}");
    run(command(npm).args(["pack", "--silent", &spec, "--pack-destination"]).arg(&home))
        .with_context(|| format!("npm cannot fetch {spec}: connect to the network and try again"))?;
    let archive = home.join(archive + ".tgz");
    let hash = Base64::encode_string(&Sha512::digest(fs::read(&archive)?));
    ensure!(hash == *sha512, "{} differs from the package that npm published", archive.display());
    let files = files.iter().map(|file| format!("package/{file}"));
    run(command("tar").arg("-xzf").arg(&archive).arg("-C").arg(&home).args(files))?;
    Ok(folder)
}

/// npm: the one that is there, or the system's package.
fn npm() -> Option<PathBuf> {
    find("npm").or_else(|| {
        apt_install("npm", &["npm"]);
        find("npm")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_package_has_the_highest_number() {
        let lines = "postgresql-15-orafce - Oracle\npostgresql-9-orafce - Oracle\npostgresql-17-orafce - Oracle\n";
        assert_eq!(newest(lines).as_deref(), Some("postgresql-17-orafce"));
        assert_eq!(newest("libaio1t64 - asynchronous I/O\n").as_deref(), Some("libaio1t64"));
        assert_eq!(newest(""), None);
    }
}
