//! The contract, as checks on what a service leaves behind: each says in one line what is wrong.

pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod ordered;
pub(crate) mod problem;
pub(crate) mod spans;
pub(crate) mod tour;

/// 32 or 16 lower-case hex digits, not all of them zero.
pub(crate) fn is_hex_id(text: &str, digits: usize) -> bool {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    text.len() == digits && text.chars().all(hex) && text.chars().any(|c| c != '0')
}

#[cfg(test)]
mod tests {
    use super::is_hex_id;

    #[test]
    fn an_id_of_zeros_is_none() {
        assert!(is_hex_id("00000000000000a1", 16));
        assert!(!is_hex_id("0000000000000000", 16));
        assert!(!is_hex_id("00000000000000A1", 16));
        assert!(!is_hex_id("a1", 16));
    }
}
