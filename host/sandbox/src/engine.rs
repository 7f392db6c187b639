//! The one place where an engine is configured: for compiling, in the child, and for running, in the host.

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OperatorCost, PoolingAllocationConfig};

/// The number of the fuel prices in force. Stored with every call: a change of prices moves limits and bills. Since 2,
/// what our own host functions carry costs by the byte (docs/adr/0012-host-calls-cost-by-the-byte.md).
pub const FUEL_SCHEDULE: u16 = 2;

/// A slot's linear memory: the operator's ceiling for one memory.
pub(crate) const SLOT_MEMORY: usize = 128 << 20;
/// Core instances, memories and tables of one component.
pub(crate) const CORE_INSTANCES_MAX: u32 = 32;
pub(crate) const MEMORIES_MAX: u32 = 4;
pub(crate) const TABLES_MAX: u32 = 8;
pub(crate) const TABLE_ELEMENTS_MAX: usize = 20_000;

/// What an engine is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Compiles and probes, in the child. On-demand allocator: a pool reserves more addresses than a child may have.
    Compile,
    /// Runs, in the host, from a pool of so many slots. Has no compiler.
    Run {
        /// Calls at once, at most.
        slots: u32,
    },
}

/// Bytes of a stack that are zeroed in place.
const STACK_KEPT: usize = 32 << 10;

/// Makes the engine for `role`. Both roles share every setting that changes the code or what it accepts.
pub(crate) fn engine(role: Role) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    accept_only_what_is_needed(&mut config);
    config
        .consume_fuel(true)
        .operator_cost(operator_costs())
        .epoch_interruption(true)
        .max_wasm_stack(512 << 10)
        .async_stack_size(2 << 20)
        .async_stack_zeroing(true)
        .relaxed_simd_deterministic(true)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(20));
    match role {
        Role::Compile => {
            config.cranelift_nan_canonicalization(true);
        }
        Role::Run { slots } => {
            config.enable_compiler(false).allocation_strategy(InstanceAllocationStrategy::Pooling(pool(slots)));
        }
    }
    Engine::new(&config)
}

/// Said explicitly, because defaults move from version to version.
fn accept_only_what_is_needed(config: &mut Config) {
    config
        .wasm_memory64(false)
        .shared_memory(false)
        .wasm_custom_page_sizes(false)
        .wasm_stack_switching(false)
        .wasm_component_model_async(false)
        .wasm_component_model_more_async_builtins(false)
        .wasm_component_model_async_stackful(false)
        .wasm_component_model_threading(false)
        .wasm_component_model_error_context(false)
        .wasm_component_model_gc(false)
        .wasm_component_model_map(false)
        .wasm_component_model_memory64(false)
        .wasm_component_model_fixed_length_lists(false)
        .wasm_component_model_implements(false)
        .concurrency_support(false);
}

/// One unit an operator, bulk operations by size, and a price on growing memory, which is free by default.
fn operator_costs() -> OperatorCost {
    let mut cost = OperatorCost::new();
    cost.variable.memory_grow_per_page = 255;
    cost
}

fn pool(slots: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_stacks(slots)
        .total_memories(slots.saturating_mul(2))
        .total_tables(slots.saturating_mul(2))
        .total_core_instances(slots.saturating_mul(8))
        .max_memory_size(SLOT_MEMORY)
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_tables_per_component(TABLES_MAX)
        .max_memories_per_module(1)
        .max_tables_per_module(2)
        .table_elements(TABLE_ELEMENTS_MAX)
        // At once: a slot whose dirty pages are all reset in place has nothing to give back, and is warm for the next
        // call. A batch makes a system call for nothing and lets every slot go cold in its turn.
        .decommit_batch_size(1)
        // Stacks are zeroed between calls. What few calls go below is zeroed in place; giving pages back to the kernel
        // interrupts every other core for it.
        .async_stack_keep_resident(STACK_KEPT);
    // Keeping dirty pages resident pays only where the kernel can say which ones are dirty.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes).linear_memory_keep_resident(1 << 20).table_keep_resident(64 << 10);
    }
    pool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_child_compiles_the_host_can_load() {
        let compiling = engine(Role::Compile).unwrap();
        let artefact = compiling.precompile_component(&wat::parse_str("(component)").unwrap()).unwrap();
        let running = engine(Role::Run { slots: 4 }).unwrap();
        assert!(crate::artefact::load_bytes(&running, &artefact).is_ok());
    }
}
