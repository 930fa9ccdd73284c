use std::collections::HashMap;

use pprof::{Frames, UnresolvedReport};

/// What was seen, with names.
#[derive(Debug, Default)]
pub(crate) struct Stacks(pub(crate) Vec<Stack>);

/// One stack, and how often it was seen.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) thread: String,
    /// The caller of all others first.
    pub(crate) calls: Vec<Call>,
    pub(crate) count: u64,
}

/// A function on a stack, inlined ones included.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

impl Stacks {
    pub(crate) fn resolve(seen: UnresolvedReport) -> Self {
        let mut counts: HashMap<(String, Vec<Call>), u64> = HashMap::new();
        for (frames, count) in seen.data {
            let frames = Frames::from(frames);
            let calls = frames
                .frames
                .iter()
                .rev()
                .flat_map(|frame| frame.iter().rev());
            let calls = calls.map(|symbol| Call {
                name: symbol.name(),
                file: symbol.filename().into_owned(),
                line: symbol.lineno(),
            });
            // A thread of a pool is one of many alike.
            let key = (frames.thread_name_or_id(), calls.collect());
            *counts.entry(key).or_default() += u64::try_from(count).unwrap_or_default();
        }
        let stacks = counts.into_iter().map(|((thread, calls), count)| Stack {
            thread,
            calls,
            count,
        });
        Self(stacks.collect())
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.iter().map(|stack| stack.count).sum()
    }
}
