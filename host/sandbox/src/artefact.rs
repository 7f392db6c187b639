//! Mapping compiled code. The only unsafe code of the host: a forged artefact is native code in this process, so
//! nothing is mapped in the host that its own key does not vouch for.
#![expect(unsafe_code, reason = "wasmtime cannot check that an artefact is its own; the caller has verified its MAC")]

use std::fs::File;
use std::os::fd::AsRawFd as _;

use wasmtime::Engine;
use wasmtime::component::Component;

/// Loads a verified artefact from memory that only this process can write: a sealed file.
pub(crate) fn load_sealed(engine: &Engine, sealed: &File) -> wasmtime::Result<Component> {
    // SAFETY: the bytes were verified after they had been sealed against writing, by MAC under the host's key, and the
    // mapping is of that very file.
    unsafe { Component::deserialize_file(engine, format!("/proc/self/fd/{}", sealed.as_raw_fd())) }
}

/// Loads what a process of this build has just compiled: to try it, in a child that may do nothing and holds nothing.
pub(crate) fn load_bytes(engine: &Engine, artefact: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: called only with the direct result of `precompile_component`, in a child. It came from another child: were
    // that one taken over, what it sent would run where nothing is to be had, behind the same walls, and go no further.
    unsafe { Component::deserialize(engine, artefact) }
}
