//! Core modules become components.

use std::path::Path;

use anyhow::{Context, bail};
use wit_component::ComponentEncoder;

/// What every wasm binary begins with: four bytes of magic, then the version and the layer.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// Makes the component `output` of what the compiler left in `made`; a component passes through.
pub(super) fn to_component(made: &Path, output: &Path) -> anyhow::Result<()> {
    let bytes = std::fs::read(made).with_context(|| format!("could not read {}", made.display()))?;
    let component = if bytes.starts_with(COMPONENT) {
        if made == output {
            return Ok(());
        }
        bytes
    } else if bytes.starts_with(MODULE) {
        encode(&bytes).with_context(|| format!("could not make a component of {}", made.display()))?
    } else {
        bail!("{} is not WebAssembly", made.display());
    };
    // Renamed into place, so that nobody reads half of one.
    let half = output.with_extension("wasm.part");
    std::fs::write(&half, component).with_context(|| format!("could not write {}", half.display()))?;
    std::fs::rename(&half, output).with_context(|| format!("could not write {}", output.display()))
}

fn encode(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    ComponentEncoder::default().validate(true).module(module)?.encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_module_becomes_a_component_and_a_component_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (made, output) = (folder.path().join("core.wasm"), folder.path().join("out.wasm"));
        std::fs::write(&made, MODULE).unwrap();
        to_component(&made, &output).unwrap();
        let encoded = std::fs::read(&output).unwrap();
        assert!(encoded.starts_with(COMPONENT));
        to_component(&output, &output).unwrap();
        assert_eq!(std::fs::read(&output).unwrap(), encoded);
    }

    #[test]
    fn what_is_not_wasm_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("text.wasm");
        std::fs::write(&made, "(module)").unwrap();
        let error = to_component(&made, &folder.path().join("out.wasm")).unwrap_err();
        assert!(error.to_string().ends_with("is not WebAssembly"), "{error}");
        assert!(!folder.path().join("out.wasm").exists());
    }
}
