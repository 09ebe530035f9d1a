//! Running other programs: every command is printed in a form that can be repeated, and none can read from the terminal.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Result, workspace};

/// A command to be run from the workspace's root.
pub(crate) struct Cmd {
    command: Command,
    shown: String,
    /// The exit code of success.
    success: i32,
}

/// Cargo, with arguments separated by blanks; one that may hold a blank itself is added with [`Cmd::arg`].
pub(crate) fn cargo(args: &str) -> Cmd {
    // Cargo sets it for us: the cargo that runs the task also runs what the task needs.
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut cmd = Cmd::named(&program, "cargo");
    for arg in args.split_whitespace() {
        cmd = cmd.arg(arg);
    }
    cmd
}

impl Cmd {
    pub(crate) fn new(program: &str) -> Self {
        Self::named(program, program)
    }

    fn named(program: &str, shown: &str) -> Self {
        let mut command = Command::new(program);
        command.current_dir(workspace::root()).stdin(Stdio::null());
        Self {
            command,
            shown: shown.into(),
            success: 0,
        }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.shown += " ";
        self.shown += &quoted(arg.as_ref());
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(self, args: impl IntoIterator<Item = A>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.shown = format!("{name}={} {}", quoted(value.as_ref()), self.shown);
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// The exit code that means success, instead of 0.
    pub(crate) fn succeeds_with(mut self, code: i32) -> Self {
        self.success = code;
        self
    }

    /// The folder to run in, instead of the workspace's root.
    pub(crate) fn dir(mut self, dir: &std::path::Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Runs it with its output on the terminal.
    pub(crate) fn run(mut self) -> Result<()> {
        println!("$ {}", self.shown);
        let status = self
            .command
            .status()
            .map_err(|error| self.failed_to_start(&error))?;
        self.check(status)
    }

    /// Runs it with its output on the terminal where several exit codes are answers.
    pub(crate) fn code(mut self) -> Result<i32> {
        println!("$ {}", self.shown);
        let status = self
            .command
            .status()
            .map_err(|error| self.failed_to_start(&error))?;
        status
            .code()
            .ok_or_else(|| format!("`{}` was ended ({status})", self.shown))
    }

    /// Runs it for what it prints; what it says on stderr is part of the error if it fails.
    pub(crate) fn read(mut self) -> Result<String> {
        let output = self
            .command
            .output()
            .map_err(|error| self.failed_to_start(&error))?;
        self.check(output.status)
            .map_err(|error| format!("{error}\n{}", text(&output.stderr).trim_end()))?;
        Ok(text(&output.stdout))
    }

    /// Runs it where a failure is an answer too.
    pub(crate) fn output(mut self) -> Result<Output> {
        println!("$ {}", self.shown);
        self.command
            .output()
            .map_err(|error| self.failed_to_start(&error))
    }

    /// Runs it for what it prints, and ends it if it takes longer than `limit`.
    pub(crate) fn read_within(mut self, limit: Duration) -> Result<String> {
        println!("$ {}", self.shown);
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| self.failed_to_start(&error))?;
        // Read aside: a child that fills the pipe would never end.
        let stdout = child.stdout.take();
        let reader = thread::spawn(move || {
            let mut bytes = Vec::new();
            stdout
                .map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut bytes))
                .map(|_| bytes)
        });
        let ended = wait(&mut child, limit);
        let printed = reader.join().map_err(|_| "reading the output panicked")?;
        let cannot_read = |error| format!("cannot read the output of `{}`: {error}", self.shown);
        let printed = text(&printed.map_err(cannot_read)?);
        let checked = match ended {
            Ok(status) => self.check(status),
            Err(error) => Err(format!("`{}` {error}", self.shown)),
        };
        match checked {
            Ok(()) => Ok(printed),
            Err(error) => Err(format!("{error}; it printed:\n{printed}")),
        }
    }

    /// Runs it for what it prints, which has to fit into a pipe, and hands on what it says on stderr line by line, which
    /// may be too much to keep. An error of `each` ends it.
    pub(crate) fn read_and_each(
        mut self,
        mut each: impl FnMut(&str) -> Result<()>,
    ) -> Result<String> {
        println!("$ {}", self.shown);
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self
            .command
            .spawn()
            .map_err(|error| self.failed_to_start(&error))?;
        let stderr = child.stderr.take();
        let heard: Result<()> = stderr.map_or(Ok(()), |stderr| {
            for line in BufReader::new(stderr).lines() {
                each(&line.map_err(|error| format!("cannot read what it says: {error}"))?)?;
            }
            Ok(())
        });
        if heard.is_err() {
            // Already gone is fine too.
            let _ = child.kill();
        }
        let output = child
            .wait_with_output()
            .map_err(|error| format!("cannot read the output of `{}`: {error}", self.shown))?;
        heard.map_err(|error| format!("`{}`: {error}", self.shown))?;
        self.check(output.status)?;
        Ok(text(&output.stdout))
    }

    fn check(&self, status: ExitStatus) -> Result<()> {
        if status.code() == Some(self.success) {
            Ok(())
        } else {
            Err(format!("`{}` failed ({status})", self.shown))
        }
    }

    fn failed_to_start(&self, error: &std::io::Error) -> String {
        format!("cannot start `{}`: {error}", self.shown)
    }
}

/// Whether `program` is there at all.
pub(crate) fn is_installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn wait(child: &mut Child, limit: Duration) -> Result<ExitStatus> {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if start.elapsed() < limit => thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                // Already gone is fine too; reaped either way.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!(
                    "was still running after {} s and was ended",
                    limit.as_secs()
                ));
            }
            Err(error) => return Err(format!("cannot be waited for: {error}")),
        }
    }
}

/// As a shell would need it.
fn quoted(arg: &OsStr) -> String {
    let arg = arg.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:+@%".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        arg.into_owned()
    } else {
        format!("'{}'", arg.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_repeated_in_a_shell() {
        let cmd = Cmd::new("echo")
            .arg("a b")
            .arg("it's")
            .env("FLAGS", "-D warnings");
        assert_eq!(cmd.shown, r"FLAGS='-D warnings' echo 'a b' 'it'\''s'");
    }

    #[cfg(unix)]
    #[test]
    fn a_command_that_hangs_is_ended() {
        let error = Cmd::new("sleep")
            .arg("60")
            .read_within(Duration::from_millis(50))
            .unwrap_err();
        assert!(error.contains("still running"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn what_a_failing_command_printed_is_in_the_error() {
        let error = Cmd::new("sh")
            .arg("-c")
            .arg("echo why; exit 3")
            .read_within(Duration::from_secs(60))
            .unwrap_err();
        assert!(error.contains("why") && error.contains('3'), "{error}");
    }
}
