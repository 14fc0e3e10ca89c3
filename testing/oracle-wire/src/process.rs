//! A child process that ends when its guard is dropped, or when the process of the guard is killed.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Time that a process has to end by itself.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// A running program that ends when its standard input does.
pub(crate) struct Process(Child);

impl Process {
    /// Starts a program, whose outputs are appended to a file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Self {
        let output = File::options().create(true).append(true).open(log).unwrap();
        let errors = output.try_clone().unwrap();
        Self::spawn(command.stdout(output).stderr(errors))
    }

    /// Starts a program, whose outputs are set already.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::piped()).spawn();
        Self(child.unwrap_or_else(|error| panic!("cannot start {}: {error}", command.get_program().display())))
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Sends a signal by the command `kill`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.0.id().to_string()).status();
        assert!(sent.unwrap().success(), "cannot send SIG{name}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A frozen process would not read its input.
        let _ = Command::new("kill").arg("-CONT").arg(self.0.id().to_string()).stderr(Stdio::null()).status();
        drop(self.0.stdin.take());
        let start = Instant::now();
        while start.elapsed() < END_TIMEOUT {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
