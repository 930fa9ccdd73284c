//! Commands by name: a closed set, so that no label comes out of what is sent.

use std::sync::OnceLock;

use belvedere_core::names::metric;
use metrics::Histogram;
use redis::{Arg, Cmd};

/// The system's name in OpenTelemetry's semantic conventions.
pub(crate) const SYSTEM: &str = "redis";

/// What is not in the list below.
const OTHER: &str = "_OTHER";
/// A pipeline, and one that is a transaction.
const PIPELINE: &str = "PIPELINE";
const MULTI: &str = "MULTI";

/// Names in order, each with whether it may be sent twice: it reads, or what it does twice is done once.
const NAMES: [(&str, bool); 71] = [
    ("APPEND", false),
    ("BITCOUNT", true),
    ("BRPOPLPUSH", false),
    ("DBSIZE", true),
    ("DECR", false),
    ("DECRBY", false),
    ("DEL", true),
    ("ECHO", true),
    ("EVAL", false),
    ("EVALSHA", false),
    ("EXISTS", true),
    ("EXPIRE", true),
    ("EXPIREAT", true),
    ("GET", true),
    ("GETDEL", false),
    ("GETEX", false),
    ("GETRANGE", true),
    ("GETSET", false),
    ("HDEL", true),
    ("HEXISTS", true),
    ("HGET", true),
    ("HGETALL", true),
    ("HINCRBY", false),
    ("HKEYS", true),
    ("HLEN", true),
    ("HMGET", true),
    ("HSET", false),
    ("HSETNX", false),
    ("HVALS", true),
    ("INCR", false),
    ("INCRBY", false),
    ("INFO", true),
    ("LINDEX", true),
    ("LLEN", true),
    ("LPOP", false),
    ("LPUSH", false),
    ("LRANGE", true),
    ("LREM", false),
    ("LTRIM", false),
    ("MGET", true),
    ("MSET", true),
    (MULTI, false),
    ("PERSIST", true),
    ("PEXPIRE", true),
    ("PFADD", false),
    ("PFCOUNT", true),
    ("PING", true),
    (PIPELINE, false),
    ("PTTL", true),
    ("PUBLISH", false),
    ("RPOP", false),
    ("RPUSH", false),
    ("SADD", false),
    ("SCAN", true),
    ("SCARD", true),
    ("SCRIPT", true),
    ("SET", false),
    ("SETEX", true),
    ("SETNX", false),
    ("SISMEMBER", true),
    ("SMEMBERS", true),
    ("SREM", false),
    ("STRLEN", true),
    ("TTL", true),
    ("TYPE", true),
    ("UNLINK", true),
    ("XADD", false),
    ("ZADD", false),
    ("ZRANGE", true),
    ("ZREM", false),
    ("ZSCORE", true),
];

/// The longest of them.
const LONGEST: usize = 10;

/// A command as signals tell it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// May be sent again when the connection broke under it.
    pub(crate) is_idempotent: bool,
    pub(crate) duration: Histogram,
}

/// The handles of all commands, each made when it is first used.
#[derive(Debug)]
pub(crate) struct Commands {
    named: Box<[OnceLock<Known>]>,
    other: Known,
}

impl Commands {
    pub(crate) fn new() -> Self {
        Self {
            named: NAMES.iter().map(|_| OnceLock::new()).collect(),
            other: Known::new(OTHER, false),
        }
    }

    /// What is known of a command, by its first word.
    pub(crate) fn of(&self, command: &Cmd) -> &Known {
        match command.args_iter().next() {
            Some(Arg::Simple(name)) => self.named(name),
            _ => &self.other,
        }
    }

    pub(crate) fn of_pipeline(&self, is_transaction: bool) -> &Known {
        let name = if is_transaction { MULTI } else { PIPELINE };
        self.named(name.as_bytes())
    }

    fn named(&self, name: &[u8]) -> &Known {
        let Some(at) = position(name) else {
            return &self.other;
        };
        let (name, is_idempotent) = NAMES[at];
        self.named[at].get_or_init(|| Known::new(name, is_idempotent))
    }
}

impl Known {
    fn new(name: &'static str, is_idempotent: bool) -> Self {
        let duration = metrics::histogram!(
            metric::DB_OPERATION_DURATION,
            "db_system_name" => SYSTEM,
            "db_operation_name" => name,
            "db_collection_name" => "",
        );
        Self {
            name,
            is_idempotent,
            duration,
        }
    }
}

fn position(name: &[u8]) -> Option<usize> {
    let mut upper = [0; LONGEST];
    let upper = upper.get_mut(..name.len())?;
    upper.copy_from_slice(name);
    upper.make_ascii_uppercase();
    NAMES
        .binary_search_by(|(known, _)| known.as_bytes().cmp(upper))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_its_longest_name_fits() {
        assert!(NAMES.is_sorted_by(|(one, _), (next, _)| one < next));
        let longest = NAMES.iter().map(|(name, _)| name.len()).max();
        assert_eq!(longest, Some(LONGEST));
    }

    #[test]
    fn a_command_is_known_by_its_first_word_and_made_up_ones_are_one() {
        let commands = Commands::new();
        let name = |word: &str| commands.of(redis::cmd(word).arg("SET")).name;
        assert_eq!(
            ["get", "GET", "hunter2", "", "A_VERY_LONG_WORD"].map(name),
            ["GET", "GET", OTHER, OTHER, OTHER]
        );
        assert_eq!(commands.of(&Cmd::new()).name, OTHER);
        assert_eq!(commands.of_pipeline(true).name, "MULTI");
        assert_eq!(commands.of_pipeline(false).name, "PIPELINE");
    }
}
