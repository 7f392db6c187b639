//! Debian's Rust compiler for the web, which has no standard library for our target: it is built once, from Debian's own
//! source and with exactly this compiler, and kept in the cache by the compiler's version.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use anyhow::Context;

use super::toolchain::{TARGET, Toolchain};
use super::{Settings, ask, run};

/// What has to be installed.
pub(super) const PACKAGES: &str = "rustc-web cargo-web rust-web-src rust-web-llvm lld-22";

const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const SOURCE: &str = "/usr/lib/rustlib/src/rust/library/std";
const HOST_TOOLS: &str = "/usr/lib/rustlib/x86_64-unknown-linux-gnu/bin";

/// A package with nothing in it, for whose sake cargo builds the standard library.
const MANIFEST: &str = "[package]\nname = \"guest-std\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
    [profile.release]\npanic = \"abort\"\n\n[workspace]\n";

/// Debian's compiler, its library built; `None` when its packages are not installed.
pub(super) fn find(settings: &Settings) -> anyhow::Result<Option<Toolchain>> {
    if ![RUSTC, CARGO, SOURCE].iter().all(|path| Path::new(path).exists()) {
        return Ok(None);
    }
    let Some(version) = ask(Command::new(RUSTC).arg("-vV")).as_deref().and_then(version) else { return Ok(None) };
    let sysroot = sysroot(&settings.cache.join("guest-std"), &version)?;
    // A library that was built again is another one, even for the same compiler.
    let made =
        fs::metadata(&sysroot).and_then(|metadata| metadata.modified()).context("could not look at the cache")?;
    let made = made.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (cargo, rustc, name) = (CARGO.into(), Some(RUSTC.into()), format!("{version}-debian-{made:x}"));
    Ok(Some(Toolchain { name, cargo, rustc, sysroot: Some(sysroot) }))
}

/// The release and the start of the commit, from what `rustc -vV` prints.
fn version(text: &str) -> Option<String> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let commit = field("commit-hash:")?;
    Some(format!("{}-{}", field("release:")?, commit.get(..12).unwrap_or(commit)))
}

/// The folder with the library for this compiler; built first if it is not there.
fn sysroot(cache: &Path, version: &str) -> anyhow::Result<PathBuf> {
    let sysroot = cache.join(version);
    if sysroot.is_dir() {
        return Ok(sysroot);
    }
    fs::create_dir_all(cache).with_context(|| format!("could not make {}", cache.display()))?;
    // Two builds at once would tread on each other; the second finds the work done.
    let lock = File::create(cache.join("lock")).context("could not make a lock file in the cache")?;
    lock.lock().context("could not lock the cache")?;
    if sysroot.is_dir() {
        return Ok(sysroot);
    }
    eprintln!("building Rust's standard library for {TARGET}, once for this compiler; it takes a minute or two");
    let work = cache.join(format!("{version}.work"));
    fill(&work, &sysroot.with_extension("part")).context("could not build Rust's standard library")?;
    fs::rename(sysroot.with_extension("part"), &sysroot).context("could not move the library into place")?;
    fs::remove_dir_all(&work).context("could not clean the cache")?;
    Ok(sysroot)
}

/// Builds in `work`, and lays the library out in `sysroot` as rustc looks for it.
fn fill(work: &Path, sysroot: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(work.join("src"))?;
    fs::write(work.join("Cargo.toml"), MANIFEST)?;
    fs::write(work.join("src/lib.rs"), "")?;
    let mut command = Command::new(CARGO);
    command.args(["build", "--release", "-Zbuild-std=std,panic_abort", "--target", TARGET]).current_dir(work);
    command.env("RUSTC", RUSTC).env("CARGO_TARGET_DIR", work.join("target"));
    // Debian's compiler takes `-Z` only with this. Bitcode, because guests are linked with LTO.
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Cembed-bitcode=yes");
    for inherited in ["CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER", "CARGO"] {
        command.env_remove(inherited);
    }
    run(&mut command)?;

    let library = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    fs::create_dir_all(&library)?;
    for entry in fs::read_dir(work.join("target").join(TARGET).join("release/deps"))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.extension().is_some_and(|kind| kind == "rlib") && !name.starts_with("libguest_std") {
            fs::copy(&path, library.join(name))?;
        }
    }
    let tools = sysroot.join("lib/rustlib/x86_64-unknown-linux-gnu");
    fs::create_dir_all(&tools)?;
    std::os::unix::fs::symlink(HOST_TOOLS, tools.join("bin"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_is_told_apart_by_release_and_commit() {
        let printed = "rustc 1.96.0 (ac68faa20 2026-05-25)\nbinary: rustc\n\
            commit-hash: ac68faa20c58cbccd01ee7208bf3b6e93a7d7f96\nrelease: 1.96.0\n";
        assert_eq!(version(printed).as_deref(), Some("1.96.0-ac68faa20c58"));
        assert_eq!(version("rustc 1.96.0"), None);
    }
}
