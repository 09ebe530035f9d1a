//! Compilers for targets without an operating system: rustup's, if it has the target, else Debian's with the sources of
//! core and alloc, unpacked below the target folder. Nothing is installed, and rustup is never asked to fetch anything.

use std::path::{Path, PathBuf};

use crate::cmd::{Cmd, cargo};
use crate::{Result, debian, workspace};

/// A compiler, its sources and the libraries it needs that a machine may not have, in Debian 12's security updates.
pub(crate) const DEBIAN: [&str; 6] = [
    "rustc-web=1.96*",
    "rust-web-src=1.96*",
    "libstd-rust-web-1.96",
    "libstd-rust-web-dev=1.96*",
    "libllvm22",
    "libz3-4",
];

/// How to build for one target.
pub(super) struct Toolchain {
    target: &'static str,
    /// Debian's compiler and rustup's linker; `None` if cargo's own compiler knows the target.
    unpacked: Option<Unpacked>,
}

struct Unpacked {
    dir: PathBuf,
    linker: PathBuf,
}

/// The toolchain for `target`, or why there is none.
pub(super) fn find(target: &'static str) -> Result<Toolchain> {
    let sysroot = Cmd::new("rustc").arg("--print").arg("sysroot").read()?;
    let rustlib = Path::new(sysroot.trim()).join("lib/rustlib");
    if rustlib.join(target).join("lib").exists() {
        return Ok(Toolchain {
            target,
            unpacked: None,
        });
    }
    let otherwise = format!("`rustup target add {target}` makes it available");
    if !debian::is_here() {
        return Err(format!(
            "the compiler does not know {target}, and only Debian 12 (apt-get) on x86_64 has one to unpack; {otherwise}"
        ));
    }
    let linker = rustlib.join("x86_64-unknown-linux-gnu/bin/rust-lld");
    if !linker.exists() {
        return Err(format!(
            "there is no linker {}; {otherwise}",
            linker.display()
        ));
    }
    let unpacked = Unpacked {
        dir: workspace::target_dir().join("xtask/debian-rustc-with-src"),
        linker,
    };
    let version = |unpacked: &Unpacked| {
        let rustc = Cmd::new(&unpacked.rustc().to_string_lossy()).arg("--version");
        unpacked.environment(rustc).read()
    };
    if version(&unpacked).is_err() {
        debian::unpack(&DEBIAN, &unpacked.dir).map_err(|error| {
            format!(
                "the compiler does not know {target}, and Debian's cannot be unpacked: {error}; {otherwise}"
            )
        })?;
    }
    println!("{}", version(&unpacked)?.trim());
    Ok(Toolchain {
        target,
        unpacked: Some(unpacked),
    })
}

impl Toolchain {
    /// Cargo, with arguments separated by blanks, set up for the target.
    pub(super) fn cargo(&self, args: &str) -> Cmd {
        // They would go before what a board's configuration says.
        let cmd = cargo(args)
            .without_env("RUSTFLAGS")
            .without_env("CARGO_ENCODED_RUSTFLAGS");
        let Some(unpacked) = &self.unpacked else {
            return cmd;
        };
        let linker = format!(
            "CARGO_TARGET_{}_LINKER",
            self.target.replace('-', "_").to_uppercase()
        );
        unpacked
            .environment(cmd)
            .arg("-Zbuild-std=core,alloc")
            .env(&linker, &unpacked.linker)
            .env("RUSTC", unpacked.rustc())
            .env("RUSTC_BOOTSTRAP", "1")
    }
}

impl Unpacked {
    fn rustc(&self) -> PathBuf {
        self.dir.join("usr/bin/rustc")
    }

    fn environment(&self, cmd: Cmd) -> Cmd {
        cmd.without_env("RUSTC_WRAPPER")
            .env("LD_LIBRARY_PATH", debian::libraries(&self.dir))
    }
}
