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
        let mut module = wat::parse_str(format!("{HEAD}{handle}"))?;
        let mut resolve = wit_parser::Resolve::default();
        let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
        let (package, _) = resolve.push_dir(&wit).context("the contract could not be read")?;
        let world = resolve.select_world(&[package], Some("http"))?;
        wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
        let bytes = ComponentEncoder::default().module(&module)?.validate(true).encode()?;
        Ok(Self { bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_fits_the_contract() {
        for made in [Component::echo(), Component::spinning(), Component::trapping(), Component::hoarding()] {
            assert!(made.unwrap().bytes().starts_with(b"\0asm\x0d\0\x01\0"));
        }
    }
}
