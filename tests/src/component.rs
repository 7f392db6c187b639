//! Components, made on the spot from a few lines of text.

use std::path::Path;

use anyhow::Context as _;
use types::Digest;
use wit_component::{ComponentEncoder, StringEncoding};

/// What each of them begins with: memory, and an allocator that never frees, since an instance serves one call.
///
/// Results lie at 512, below all that is allocated.
const HEAD: &str = r#"
(module
  (memory (export "memory") 4)
  (global $top (mut i32) (i32.const 1024))
  (func $room (param $end i32)
    (local $missing i32)
    (local.set $missing (i32.sub (local.get $end) (i32.shl (memory.size) (i32.const 16))))
    (if (i32.gt_s (local.get $missing) (i32.const 0))
      (then
        (if (i32.eq (i32.const -1) (memory.grow
              (i32.add (i32.shr_u (local.get $missing) (i32.const 16)) (i32.const 1))))
          (then unreachable)))))
  (func (export "cabi_realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and
      (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $top (i32.add (local.get $at) (local.get $size)))
    (call $room (global.get $top))
    (local.get $at))
  (func (export "weir:plugin/http-handler@0.1.0#handle") (param $args i32) (result i32)
"#;

/// 200 with the request's body. The arguments lie in memory: a `context` of 104 bytes, then the request, whose body's
/// address and length are its last two words. The result's payload is aligned to 8.
const ECHO: &str = "
    (i32.store8 (i32.const 512) (i32.const 0))
    (i32.store16 (i32.const 520) (i32.const 200))
    (i64.store (i32.const 524) (i64.const 0))
    (i64.store (i32.const 532) (i64.load (i32.add (local.get $args) (i32.const 156))))
    (i32.const 512)))
";
const SPIN: &str = "(loop $again (br $again)) unreachable))";
const TRAP: &str = "unreachable))";
const HOARD: &str = "(loop $again (br_if $again (i32.ne (i32.const -1) (memory.grow (i32.const 16))))) unreachable))";

/// The failure `rejected`, with a code at 64 and an empty message.
const REFUSE: &str = r#"
    (i32.store8 (i32.const 512) (i32.const 1))
    (i32.store (i32.const 528) (i32.const 64)) (i32.store (i32.const 532) (i32.const 17))
    (i32.const 512))
  (data (i32.const 64) "unsupported-media"))
"#;
/// The answer is the input: its address and length are the words after the `context`.
const ECHO_TASK: &str = "
    (i32.store8 (i32.const 512) (i32.const 0))
    (i64.store (i32.const 516) (i64.load (i32.add (local.get $args) (i32.const 104))))
    (i32.const 512)))
";
/// The error `CardDeclined`, with its cause.
const DECLINE_TASK: &str = r#"
    (i32.store8 (i32.const 512) (i32.const 1))
    (i32.store (i32.const 516) (i32.const 64)) (i32.store (i32.const 520) (i32.const 12))
    (i32.store (i32.const 524) (i32.const 80)) (i32.store (i32.const 528) (i32.const 11))
    (i32.const 512))
  (data (i32.const 64) "CardDeclined") (data (i32.const 80) "no cover on"))
"#;
/// The failure `rejected`, with a code at 64, an empty message and the request's body as its detail.
const EXPLAIN: &str = r#"
    (i32.store8 (i32.const 512) (i32.const 1))
    (i32.store (i32.const 528) (i32.const 64)) (i32.store (i32.const 532) (i32.const 12))
    (i32.store8 (i32.const 544) (i32.const 1))
    (i64.store (i32.const 548) (i64.load (i32.add (local.get $args) (i32.const 156))))
    (i32.const 512))
  (data (i32.const 64) "no-such-word"))
"#;
const LOGGING: &str = "
package weir:guests;
package wasi:logging@0.1.0-draft {
    interface logging {
        enum level { trace, debug, info, warn, error, critical }
        log: func(level: level, context: string, message: string);
    }
}
world logging { include weir:plugin/http@0.1.0; import wasi:logging/logging@0.1.0-draft; }
";

/// As much of the standard interfaces as [`Component::streaming`] uses.
const WASI: &str = include_str!("component/wasi.wit");
/// What a streaming component begins with. Results lie at 256, what it writes at 8192.
const STREAMING: &str = include_str!("component/streaming.wat");

/// The bytes of one component, as a provider uploads them.
#[derive(Debug, Clone)]
pub struct Component {
    bytes: Vec<u8>,
}

impl Component {
    /// Answers 200 with the request's body.
    ///
    /// # Errors
    ///
    /// When the text does not fit the contract in `wit/`.
    pub fn echo() -> anyhow::Result<Self> {
        Self::http(ECHO)
    }

    /// Never ends.
    ///
    /// # Errors
    ///
    /// As [`Component::echo`].
    pub fn spinning() -> anyhow::Result<Self> {
        Self::http(SPIN)
    }

    /// Traps at once.
    ///
    /// # Errors
    ///
    /// As [`Component::echo`].
    pub fn trapping() -> anyhow::Result<Self> {
        Self::http(TRAP)
    }

    /// Takes memory until it gets none, then traps.
    ///
    /// # Errors
    ///
    /// As [`Component::echo`].
    pub fn hoarding() -> anyhow::Result<Self> {
        Self::http(HOARD)
    }

    /// Answers through `wasi:http` 0.2, as `handle` says in the text format. It may call `$begin`, which sends the head;
    /// `$write`, which sends so many times 4 KiB; `$echo`, which sends what the request's body brings, as it comes;
    /// `$wait`, so many milliseconds; and `$end`, without which the body is not whole.
    ///
    /// # Errors
    ///
    /// As [`Component::echo`].
    pub fn streaming(handle: &str) -> anyhow::Result<Self> {
        let module = wat::parse_str(STREAMING.replace(";; HANDLE", handle))?;
        let mut resolve = wit_parser::Resolve::default();
        let package = resolve.push_str("wasi.wit", WASI)?;
        Self::encode(module, &resolve, package, "proxy")
    }

    /// Writes the line `called` into its log, then answers 200 with the request's body.
    ///
    /// # Errors
    ///
    /// As [`Component::echo`].
    pub fn logging() -> anyhow::Result<Self> {
        let import = r#"(import "wasi:logging/logging@0.1.0-draft" "log" (func $log (param i32 i32 i32 i32 i32)))"#;
        let head = HEAD.replacen("(module", &format!(r#"(module {import} (data (i32.const 64) "called")"#), 1);
        let log = "(call $log (i32.const 2) (i32.const 64) (i32.const 0) (i32.const 64) (i32.const 6))";
        let (mut resolve, _) = contract()?;
        let package = resolve.push_str("logging.wit", LOGGING)?;
        Self::encode(wat::parse_str(format!("{head}{log}{ECHO}"))?, &resolve, package, "logging")
    }

    /// Reports a failure by the name `unsupported-media`, as the caller's fault.
    ///
    /// # Errors
    ///
    /// As [`Component::echo`].
    pub fn refusing() -> anyhow::Result<Self> {
        Self::http(REFUSE)
    }

    /// Of the world `task`: answers its input.
    ///
    /// # Errors
    ///
    /// As [`Component::echo`].
    pub fn task_echo() -> anyhow::Result<Self> {
        Self::task(ECHO_TASK)
    }

    /// Of the world `task`: fails with `CardDeclined`.
    ///
    /// # Errors
    ///
    /// As [`Component::echo`].
    pub fn task_declining() -> anyhow::Result<Self> {
        Self::task(DECLINE_TASK)
    }

    /// Of the world `task`: traps at once.
    ///
    /// # Errors
    ///
    /// As [`Component::echo`].
    pub fn task_trapping() -> anyhow::Result<Self> {
        Self::task(TRAP)
    }

    /// Of the world `task`: never ends.
    ///
    /// # Errors
    ///
    /// As [`Component::echo`].
    pub fn task_spinning() -> anyhow::Result<Self> {
        Self::task(SPIN)
    }

    /// Reports a failure by the name `no-such-word`, as the caller's fault, whose detail is the request's body.
    ///
    /// # Errors
    ///
    /// As [`Component::echo`].
    pub fn explaining() -> anyhow::Result<Self> {
        Self::http(EXPLAIN)
    }

    /// Any bytes, good or bad.
    pub fn of(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into() }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its name.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    fn http(handle: &str) -> anyhow::Result<Self> {
        let module = wat::parse_str(format!("{HEAD}{handle}"))?;
        let (resolve, package) = contract()?;
        Self::encode(module, &resolve, package, "http")
    }

    fn task(run: &str) -> anyhow::Result<Self> {
        let head = HEAD.replace("http-handler@0.1.0#handle", "task-handler@0.1.0#run");
        let module = wat::parse_str(format!("{head}{run}"))?;
        let (resolve, package) = contract()?;
        Self::encode(module, &resolve, package, "task")
    }

    fn encode(
        mut module: Vec<u8>,
        resolve: &wit_parser::Resolve,
        package: wit_parser::PackageId,
        world: &str,
    ) -> anyhow::Result<Self> {
        let world = resolve.select_world(&[package], Some(world))?;
        wit_component::embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8, false)?;
        let bytes = ComponentEncoder::default().module(&module)?.validate(true).encode()?;
        Ok(Self { bytes })
    }
}

fn contract() -> anyhow::Result<(wit_parser::Resolve, wit_parser::PackageId)> {
    let mut resolve = wit_parser::Resolve::default();
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let (package, _) = resolve.push_dir(&wit).context("the contract could not be read")?;
    Ok((resolve, package))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_fits_the_contract() {
        let logging = Component::logging();
        let streaming = Component::streaming("(call $begin) (call $echo) (call $wait (i64.const 1)) (call $end)");
        let plain = [Component::echo(), Component::spinning(), Component::trapping(), Component::hoarding()];
        let tasks = [
            Component::task_echo(),
            Component::task_declining(),
            Component::task_trapping(),
            Component::task_spinning(),
        ];
        for made in
            tasks.into_iter().chain(plain).chain([logging, streaming, Component::refusing(), Component::explaining()])
        {
            assert!(made.unwrap().bytes().starts_with(b"\0asm\x0d\0\x01\0"));
        }
    }
}
