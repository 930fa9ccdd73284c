//! The way from a key to its handle: what a call of a macro costs.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{PoisonError, RwLock},
};

use metrics::Key;

use super::handle::Handle;

/// Threads that look up different keys seldom wait for each other.
const SHARDS: usize = 16;

type Shard = RwLock<HashMap<Key, Handle, BuildHasherDefault<Hashed>>>;

/// Handles by key.
#[derive(Debug)]
pub(super) struct Known([Shard; SHARDS]);

impl Default for Known {
    fn default() -> Self {
        Self(std::array::from_fn(|_| RwLock::default()))
    }
}

impl Known {
    pub(super) fn get(&self, key: &Key) -> Option<Handle> {
        let shard = self.shard(key).read();
        let shard = shard.unwrap_or_else(PoisonError::into_inner);
        shard.get(key).cloned()
    }

    pub(super) fn insert(&self, key: Key, handle: Handle) {
        let shard = self.shard(&key).write();
        let mut shard = shard.unwrap_or_else(PoisonError::into_inner);
        shard.insert(key, handle);
    }

    pub(super) fn forget(&self, is_meant: impl Fn(&Key) -> bool) {
        for shard in &self.0 {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|key, _| !is_meant(key));
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let shards = self.0.iter();
        shards.map(|shard| shard.read().unwrap().len()).sum()
    }

    fn shard(&self, key: &Key) -> &Shard {
        &self.0[key.get_hash() as usize % SHARDS]
    }
}

/// A key brings its hash along.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
