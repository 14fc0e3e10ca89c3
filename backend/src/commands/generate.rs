//! `passmint generate`: the page's generator on the terminal, with the same code, rules and strength in bits.
//!
//! The passwords go to standard output and nowhere else; their strength goes to standard error.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use generator::Plan;
use generator::characters::{self, Class};
use generator::kind::Rules;
use generator::phrase::{self, Words};
use generator::random::Source;
use generator::{keyboard, pin, site_rules};
use getrandom::SysRng;

/// Most passwords of one call.
const COUNT_MAX: u32 = 100_000;

/// Settings of `passmint generate`. By default it mints one password of 30 letters, digits and symbols.
#[derive(Args, Debug)]
pub struct GenerateArgs {
    /// Number of characters [default: 30].
    #[arg(long, value_name = "8..30", conflicts_with_all = ["words", "pin"])]
    length: Option<usize>,
    /// Kinds of characters to leave out.
    #[arg(long, value_name = "KIND", value_delimiter = ',', conflicts_with_all = ["words", "pin", "rules"])]
    without: Vec<Kind>,
    /// Least number of characters of a kind, such as symbols=2; can be repeated for other kinds.
    #[arg(long, value_name = "KIND=NUMBER", value_parser = least, conflicts_with_all = ["words", "pin", "rules"])]
    least: Vec<(Kind, usize)>,
    /// Characters to leave out.
    #[arg(long, value_name = "CHARACTERS", allow_hyphen_values = true, conflicts_with_all = ["words", "pin"])]
    exclude: Option<String>,
    /// Characters to add.
    #[arg(long, value_name = "CHARACTERS", allow_hyphen_values = true,
          conflicts_with_all = ["words", "pin", "rules"])]
    include: Option<String>,
    /// Leave out look-alikes, such as 0 and O, 1 and l.
    #[arg(long, conflicts_with_all = ["words", "pin", "rules"])]
    no_look_alikes: bool,
    /// Only characters that are on the same key of American, German and French keyboards.
    #[arg(long, conflicts_with_all = ["words", "pin"])]
    keyboard_safe: bool,
    /// Mint passphrases of this number of words.
    #[arg(long, value_name = "4..12", conflicts_with_all = ["pin", "rules"])]
    words: Option<usize>,
    /// Character between words, or an empty text.
    #[arg(long, value_name = "CHARACTER", default_value = "-", allow_hyphen_values = true, requires = "words")]
    separator: String,
    /// Capitals in a passphrase.
    #[arg(long, value_name = "CAPITALS", default_value = "none", requires = "words")]
    capitals: Capitals,
    /// Add a digit to one word.
    #[arg(long, requires = "words")]
    digit: bool,
    /// Mint PINs of this number of digits.
    #[arg(long, value_name = "6..12", conflicts_with = "rules")]
    pin: Option<usize>,
    /// Password rules of a site, as in its `passwordrules` attribute: "minlength: 8; required: upper, digit".
    #[arg(long, value_name = "TEXT")]
    rules: Option<String>,
    /// Number of passwords to mint.
    #[arg(long, value_name = "NUMBER", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(COUNT_MAX)))]
    count: u32,
    /// Print JSON: the strength in bits, and a list of the passwords.
    #[arg(long)]
    json: bool,
}

/// The kinds of characters.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Lower,
    Upper,
    Digits,
    Symbols,
}

impl From<Kind> for Class {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Lower => Self::Lower,
            Kind::Upper => Self::Upper,
            Kind::Digits => Self::Digits,
            Kind::Symbols => Self::Symbols,
        }
    }
}

/// Capitals of a passphrase.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum Capitals {
    None,
    FirstLetters,
    OneWord,
}

fn least(text: &str) -> Result<(Kind, usize), String> {
    let (kind, number) = text.split_once('=').ok_or("write it as symbols=2")?;
    let number = number.parse().map_err(|_| format!("{number} is no number"))?;
    Ok((Kind::from_str(kind, true)?, number))
}

/// # Errors
/// If the rules allow no password, there is no randomness, or standard output cannot be written.
pub fn run(args: &GenerateArgs) -> Result<ExitCode> {
    args.print(&*args.plan()?, &mut io::stdout().lock(), &mut io::stderr().lock())?;
    Ok(ExitCode::SUCCESS)
}

impl GenerateArgs {
    fn plan(&self) -> Result<Box<dyn Plan>> {
        let rules = self.rules()?;
        let plan = rules.plan(self.words.map(|_| Words::eff()));
        Ok(match rules {
            Rules::Pin(_) => plan.context("--pin")?,
            Rules::Site(_) => plan.context("--rules")?,
            Rules::Characters(_) | Rules::Phrase(_) => plan?,
        })
    }

    fn rules(&self) -> Result<Rules> {
        Ok(match (self.pin, self.words, &self.rules) {
            (Some(length), ..) => Rules::Pin(pin::Rules { length }),
            (_, Some(words), _) => Rules::Phrase(self.phrase(words)?),
            (.., Some(text)) => Rules::Site(self.site_rules(text)),
            _ => Rules::Characters(self.characters()),
        })
    }

    fn characters(&self) -> characters::Rules {
        let usual = characters::Rules::default();
        // Every rule by name: a new one does not compile until it has an option.
        let mut rules = characters::Rules {
            length: self.length.unwrap_or(usual.length),
            lower: usual.lower,
            upper: usual.upper,
            digits: usual.digits,
            symbols: usual.symbols,
            no_look_alikes: self.no_look_alikes,
            exclude: self.exclude.clone().unwrap_or_default(),
            include: self.include.clone().unwrap_or_default(),
        };
        for kind in &self.without {
            rules.class_mut((*kind).into()).on = false;
        }
        for (kind, number) in &self.least {
            rules.class_mut((*kind).into()).minimum = *number;
        }
        if self.keyboard_safe { keyboard::restricted(&rules) } else { rules }
    }

    fn phrase(&self, words: usize) -> Result<phrase::Rules> {
        let mut separator = self.separator.chars();
        let rules = phrase::Rules {
            words,
            separator: separator.next(),
            capitals: match self.capitals {
                Capitals::None => phrase::Capitals::None,
                Capitals::FirstLetters => phrase::Capitals::FirstLetters,
                Capitals::OneWord => phrase::Capitals::OneWord,
            },
            digit: self.digit,
        };
        ensure!(separator.next().is_none(), "--separator is one character, or empty");
        Ok(rules)
    }

    fn site_rules(&self, text: &str) -> site_rules::Rules {
        let mut exclude = self.exclude.clone().unwrap_or_default();
        if self.keyboard_safe {
            exclude.push_str(&keyboard::unsafe_characters());
        }
        let usual = site_rules::Rules::default();
        site_rules::Rules { text: text.to_owned(), length: self.length.unwrap_or(usual.length), exclude }
    }

    fn print(&self, plan: &dyn Plan, out: &mut impl Write, told: &mut impl Write) -> Result<()> {
        let bits = plan.bits();
        let mut source = Source::new(SysRng);
        let mut out = io::BufWriter::new(out);
        let write = |out: &mut io::BufWriter<_>, text: &dyn Display| write!(out, "{text}");
        if self.json {
            write(&mut out, &format_args!("{{\"bits\":{bits},\"passwords\":["))?;
        }
        for number in 0..self.count {
            let minted = plan.mint(&mut source).context("the system gives no randomness; nothing more was made")?;
            if self.json {
                let comma = if number == 0 { "" } else { "," };
                write(&mut out, &format_args!("{comma}{}", serde_json::to_string(minted.expose())?))?;
            } else {
                write(&mut out, &format_args!("{}\n", minted.expose()))?;
            }
        }
        if self.json {
            write(&mut out, &"]}\n")?;
        }
        out.flush().context("cannot write")?;
        if !self.json {
            writeln!(told, "{bits} bits each")?;
        }
        Ok(())
    }
}
