//! What looks random, and follows from the run's seed. It is hashed: what a run shows of it does not tell the seed.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::sight::World;

/// Half of a hash, enough for an identifier.
fn hashed(purpose: &str, seed: &[u8], count: u64) -> u128 {
    let mut hash = Sha256::new();
    hash.update(purpose.as_bytes());
    hash.update(seed);
    hash.update(count.to_be_bytes());
    hash.finalize().iter().take(16).fold(0, |bits, byte| (bits << 8) | u128::from(*byte))
}

/// The upper 64 bits.
fn half(bits: u128) -> u64 {
    u64::try_from(bits >> 64).unwrap_or(u64::MAX)
}

/// The next draw of the run.
pub(crate) fn next(world: &World) -> u64 {
    half(fresh("random", world))
}

/// The draw that this seed of a definition always gives.
pub(super) fn of_seed(seed: i64) -> u64 {
    half(hashed("seed", &seed.to_be_bytes(), 0))
}

fn fresh(purpose: &str, world: &World) -> u128 {
    let count = world.draws.get().wrapping_add(1);
    world.draws.set(count);
    hashed(purpose, &world.seed.to_be_bytes(), count)
}

/// A UUID of version 4.
pub(super) fn uuid(world: &World) -> Value {
    let bits = fresh("uuid", world);
    let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let text = format!("{bits:032x}");
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    Value::String([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}

/// What names one task of one execution, and cannot be guessed by who does not know its seed.
pub fn task_token(execution_id: &str, seed: u64, task: u64) -> String {
    let mut secret = seed.to_be_bytes().to_vec();
    secret.extend_from_slice(execution_id.as_bytes());
    format!("{execution_id}:{task}:{:032x}", hashed("token", &secret, task))
}
