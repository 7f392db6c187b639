//! The structural check of an upload: what it is, what it asks for, and whether it is built to exhaust a compiler.
//!
//! Runs in the child, before any code is generated. The caps are far below what the parser itself would accept.

use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};

use crate::upload::World;
use crate::{config, logging};

/// What is accepted of an upload's parts, counted over all nested modules.
const FUNCTIONS_MAX: u64 = 30_000;
const BODY_MAX: usize = 512 * 1024;
const LOCALS_MAX: u64 = 10_000;
const CODE_MAX: usize = 10 << 20;
const GLOBALS_MAX: u64 = 5_000;
const SEGMENTS_MAX: u64 = 5_000;
/// Elements of all segments: two times what all tables of a component may hold. Those at computed offsets become code.
const ELEMENTS_MAX: u64 = 80_000;
const IMPORTS_MAX: u64 = 200;
const EXPORTS_MAX: u64 = 50;
const COMPONENTS_MAX: u64 = 32;
const INSTANCES_MAX: u64 = 32;
const TYPES_MAX: u64 = 10_000;
const ADAPTERS_MAX: u64 = 1_000;
const CUSTOM_SECTIONS_MAX: u64 = 64;
const CUSTOM_SECTION_MAX: usize = 1 << 20;
const NAME_MAX: usize = 256;

/// Exports that toolchains leave behind and nobody calls.
const STRAY_EXPORTS: [&str; 2] = ["init", "exports"];
/// The parts of our own contract that may be imported.
const OURS: [&str; 2] = ["weir:plugin/meter@0.1.0", "weir:plugin/types@0.1.0"];
/// Packages of WASI 0.2 that are linked. Files and sockets only because standard libraries import them: all denied.
const WASI_PACKAGES: [&str; 7] =
    ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:http/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// What the check found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Structure {
    pub(crate) world: World,
    pub(crate) imports: Vec<String>,
}

/// Checks `bytes`, or says in a sentence what is wrong with it and what to do.
pub(crate) fn check(bytes: &[u8]) -> Result<Structure, String> {
    refuse_other_files(bytes)?;
    let mut found = Counts::default();
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| format!("The file is damaged: {error}."))?;
        match &payload {
            Payload::ModuleSection { .. } => depth += 1,
            Payload::ComponentSection { .. } => {
                depth += 1;
                found.components += 1;
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section.clone() {
                    imports.push(import.map_err(|error| error.to_string())?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section.clone() {
                    exports.push(export.map_err(|error| error.to_string())?.name.name.to_owned());
                }
            }
            _ => {}
        }
        found.count(&payload)?;
    }
    for name in imports.iter().chain(&exports) {
        printable(name)?;
    }
    offered(&imports)?;
    let world = world_of(&exports)?;
    validate(bytes)?;
    Ok(Structure { world, imports })
}

/// The names that a loaded component imports.
pub(crate) fn imports_of(code: &wasmtime::component::Component) -> Vec<String> {
    code.component_type().imports(code.engine()).map(|(name, _)| name.to_owned()).collect()
}

/// The world of a loaded component, which passed [`check`] at its upload.
pub(crate) fn world_of_code(code: &wasmtime::component::Component) -> Result<World, String> {
    let exports: Vec<_> = code.component_type().exports(code.engine()).map(|(name, _)| name.to_owned()).collect();
    world_of(&exports)
}

fn refuse_other_files(bytes: &[u8]) -> Result<(), String> {
    if wasmtime::Engine::detect_precompiled(bytes).is_some() || bytes.starts_with(b"\x7fELF") {
        return Err("This is compiled machine code. Upload the WebAssembly component itself.".into());
    }
    if !bytes.starts_with(b"\0asm") {
        let hint = if bytes.trim_ascii_start().starts_with(b"(") {
            "It looks like the text format: assemble it first."
        } else {
            "A component begins with the bytes 00 61 73 6d."
        };
        return Err(format!("This is not a WebAssembly binary. {hint}"));
    }
    match Parser::new(0).parse_all(bytes).next() {
        Some(Ok(Payload::Version { encoding: Encoding::Component, .. })) => Ok(()),
        Some(Ok(Payload::Version { encoding: Encoding::Module, .. })) => {
            Err("This is a core module, not a component. `weir build` makes one of it.".into())
        }
        _ => Err("The file is damaged: it ends within its header.".into()),
    }
}

fn offered(imports: &[String]) -> Result<(), String> {
    let refused = imports.iter().find(|name| {
        let ours = OURS.contains(&name.as_str()) || config::NAMES.contains(&name.as_str()) || *name == logging::NAME;
        let wasi = WASI_PACKAGES.iter().any(|package| name.starts_with(package)) && is_0_2(name);
        !ours && !wasi
    });
    match refused {
        None => Ok(()),
        Some(name) => Err(format!(
            "The component imports `{name}`, which is not offered here. What may be imported: {}, {}, {}, and of WASI 0.2 \
             the packages cli, clocks, filesystem, http, io, random, sockets.",
            OURS[0],
            config::NAMES.join(", "),
            logging::NAME
        )),
    }
}

fn world_of(exports: &[String]) -> Result<World, String> {
    let mut world = None;
    for name in exports {
        let one = match name.as_str() {
            "weir:plugin/http-handler@0.1.0" => World::Http,
            "weir:plugin/task-handler@0.1.0" => World::Task,
            name if name.starts_with("wasi:http/incoming-handler@") && is_0_2(name) => World::WasiHttp,
            name if STRAY_EXPORTS.contains(&name) => continue,
            other => return Err(format!("The component exports `{other}`. {ONE_OF}")),
        };
        if world.replace(one).is_some() {
            return Err(format!("The component exports more than one of our worlds. {ONE_OF}"));
        }
    }
    world.ok_or_else(|| format!("The component exports nothing that can be called. {ONE_OF}"))
}

const ONE_OF: &str = "Export exactly one of weir:plugin/http-handler@0.1.0, weir:plugin/task-handler@0.1.0 and \
                      wasi:http/incoming-handler@0.2.x.";

/// A released 0.2 version. Pre-releases match only themselves, and none is offered.
fn is_0_2(name: &str) -> bool {
    name.split_once("@0.2.")
        .is_some_and(|(_, patch)| !patch.is_empty() && patch.bytes().all(|digit| digit.is_ascii_digit()))
}

fn printable(name: &str) -> Result<(), String> {
    if name.len() <= NAME_MAX && name.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(format!("A name is longer than {NAME_MAX} bytes or not printable ASCII."))
    }
}

fn validate(bytes: &[u8]) -> Result<(), String> {
    let features = WasmFeatures::WASM2
        | WasmFeatures::COMPONENT_MODEL
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::RELAXED_SIMD;
    match Validator::new_with_features(features).validate_all(bytes) {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(format!("The component is not valid, or uses a proposal that is not accepted here: {error}."))
        }
    }
}

#[derive(Default)]
struct Counts {
    functions: u64,
    code: usize,
    globals: u64,
    data: u64,
    segments: u64,
    elements: u64,
    imports: u64,
    exports: u64,
    components: u64,
    instances: u64,
    types: u64,
    adapters: u64,
    custom: u64,
}

impl Counts {
    fn count(&mut self, payload: &Payload<'_>) -> Result<(), String> {
        match payload {
            Payload::FunctionSection(section) => self.functions += u64::from(section.count()),
            Payload::CodeSectionStart { size, .. } => self.code = self.code.saturating_add(*size as usize),
            Payload::CodeSectionEntry(body) => body_within(body)?,
            Payload::GlobalSection(section) => self.globals += u64::from(section.count()),
            Payload::DataSection(section) => self.data += u64::from(section.count()),
            Payload::ElementSection(section) => {
                self.segments += u64::from(section.count());
                self.elements += elements_of(section)?;
            }
            Payload::ImportSection(section) => self.imports += u64::from(section.count()),
            Payload::ComponentImportSection(section) => self.imports += u64::from(section.count()),
            Payload::ComponentExportSection(section) => self.exports += u64::from(section.count()),
            Payload::InstanceSection(section) => self.instances += u64::from(section.count()),
            Payload::TypeSection(section) => self.types += u64::from(section.count()),
            Payload::ComponentTypeSection(section) => self.types += u64::from(section.count()),
            Payload::ComponentCanonicalSection(section) => self.adapters += u64::from(section.count()),
            Payload::CustomSection(section) => {
                self.custom += 1;
                if section.data().len() > CUSTOM_SECTION_MAX {
                    return Err("A custom section is larger than 1 MiB: strip the component.".into());
                }
            }
            _ => return Ok(()),
        }
        self.within()
    }

    fn within(&self) -> Result<(), String> {
        let caps = [
            (self.functions, FUNCTIONS_MAX, "functions"),
            (self.code as u64, CODE_MAX as u64, "bytes of code"),
            (self.globals, GLOBALS_MAX, "globals"),
            (self.data, SEGMENTS_MAX, "data segments"),
            (self.segments, SEGMENTS_MAX, "element segments"),
            (self.elements, ELEMENTS_MAX, "elements of segments"),
            (self.imports, IMPORTS_MAX, "imports"),
            (self.exports, EXPORTS_MAX, "exports"),
            (self.components, COMPONENTS_MAX, "nested components"),
            (self.instances, INSTANCES_MAX, "core instances"),
            (self.types, TYPES_MAX, "types"),
            (self.adapters, ADAPTERS_MAX, "adapters"),
            (self.custom, CUSTOM_SECTIONS_MAX, "custom sections"),
        ];
        match caps.iter().find(|(count, cap, _)| count > cap) {
            None => Ok(()),
            Some((_, cap, what)) => Err(format!("The component has more than {cap} {what}, which is the limit here.")),
        }
    }
}

fn elements_of(section: &wasmparser::ElementSectionReader<'_>) -> Result<u64, String> {
    let mut count = 0_u64;
    for segment in section.clone() {
        count += u64::from(match segment.map_err(|error| format!("The file is damaged: {error}."))?.items {
            wasmparser::ElementItems::Functions(items) => items.count(),
            wasmparser::ElementItems::Expressions(_, items) => items.count(),
        });
    }
    Ok(count)
}

fn body_within(body: &wasmparser::FunctionBody<'_>) -> Result<(), String> {
    if body.as_bytes().len() > BODY_MAX {
        return Err(format!("A function body is larger than {BODY_MAX} bytes, which is the limit here."));
    }
    let mut locals = 0_u64;
    for group in body.get_locals_reader().map_err(|error| error.to_string())? {
        locals += u64::from(group.map_err(|error| error.to_string())?.0);
    }
    if locals > LOCALS_MAX {
        return Err(format!("A function has more than {LOCALS_MAX} locals, which is the limit here."));
    }
    Ok(())
}
