//! Counts memory and tables over the whole store, not for each memory.

use wasmtime::ResourceLimiter;

use crate::engine::{CORE_INSTANCES_MAX, MEMORIES_MAX, TABLES_MAX};

/// Table elements of all tables together.
const TABLE_ELEMENTS_SUM: usize = 40_000;

/// The sums of one call, and whether it asked for more.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_max: usize,
    memory: usize,
    memory_peak: usize,
    elements: usize,
    refused: bool,
}

impl Limiter {
    pub(crate) const fn new(memory_max: usize) -> Self {
        Self { memory_max, memory: 0, memory_peak: 0, elements: 0, refused: false }
    }

    /// The largest sum of memory, in bytes.
    pub(crate) const fn memory_peak(&self) -> usize {
        self.memory_peak
    }

    /// Whether something was asked for beyond the limits.
    pub(crate) const fn refused(&self) -> bool {
        self.refused
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let sum = self.memory.saturating_add(desired.saturating_sub(current));
        if sum > self.memory_max {
            self.refused = true;
            return Ok(false);
        }
        self.memory = sum;
        self.memory_peak = self.memory_peak.max(sum);
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let sum = self.elements.saturating_add(desired.saturating_sub(current));
        if sum > TABLE_ELEMENTS_SUM {
            self.refused = true;
            return Ok(false);
        }
        self.elements = sum;
        Ok(true)
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES_MAX as usize
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX as usize
    }

    fn tables(&self) -> usize {
        TABLES_MAX as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_memories_share_one_limit() {
        let mut limiter = Limiter::new(100);
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(!limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert_eq!((limiter.memory_peak(), limiter.refused()), (100, true));
    }
}
