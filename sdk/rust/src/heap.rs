//! The component's heap: a part of its first memory, so that a short call never has to grow it.
//!
//! The standard library's allocator grows the memory at a program's first allocation. For a fresh instance per call that
//! is two changes of the memory's protection in the host each time, which cost more than the rest of a small call. Here
//! the first [`FIRST`] bytes are part of the module's own memory, untouched until they are used; what does not fit grows
//! the memory as usual. Switch off the feature `heap` to bring another allocator.

use core::alloc::Layout;
use core::arch::wasm32::memory_grow;
use core::mem::MaybeUninit;

use talc::base::Talc;
use talc::base::binning::Binning;
use talc::cell::TalcSyncCell;
use talc::source::Source;
use talc::wasm::WasmBinning;

/// Enough for a request and a response of some kilobytes, with what is made in between. A guess.
const FIRST: usize = 128 * 1024;
const PAGE: usize = 64 * 1024;
/// What the allocator may need beside an allocation, for its own notes.
const NOTES: usize = 4 * 1024;

#[global_allocator]
static HEAP: TalcSyncCell<Heap, WasmBinning> = TalcSyncCell::new_wasm(Heap { begun: false });

static mut ARENA: MaybeUninit<[u8; FIRST]> = MaybeUninit::uninit();

/// Where the allocator gets its memory from.
#[derive(Debug)]
struct Heap {
    begun: bool,
}

// SAFETY: it allocates nothing, and what it hands over is nobody else's: the arena once, and pages that are new.
#[expect(
    unsafe_code,
    reason = "an allocator's source of memory is an unsafe trait, and memory is handed over by address"
)]
unsafe impl Source for Heap {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        if !talc.source.begun {
            talc.source.begun = true;
            // SAFETY: nothing else names the arena, and this is its only hand-over.
            unsafe { talc.claim((&raw mut ARENA).cast(), FIRST) };
            // When the allocation does not fit, the allocator asks again.
            return Ok(());
        }
        let wanted = layout.size().checked_add(layout.align()).and_then(|size| size.checked_add(NOTES)).ok_or(())?;
        let pages = wanted.div_ceil(PAGE);
        let before = memory_grow::<0>(pages);
        if before == usize::MAX {
            return Err(());
        }
        let base = core::ptr::with_exposed_provenance_mut(before * PAGE);
        // SAFETY: pages that were not there before belong to nobody.
        unsafe { talc.claim(base, pages * PAGE) }.map(drop).ok_or(())
    }
}
