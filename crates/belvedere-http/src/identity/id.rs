/// Longest id that is taken.
const MAX_ID: usize = 64;
/// Besides letters and digits: what addresses, UUIDs and the subjects of common issuers (`auth0|1`, `eu-west-1:2`) have.
const MARKS: &[u8] = b"._-@:|+";

/// Whether `text` may stand in a log line, a label and a span as the id of somebody: not empty, 64 characters at most.
pub(super) fn is_id(text: &str) -> bool {
    let is_clean = |byte: u8| byte.is_ascii_alphanumeric() || MARKS.contains(&byte);
    !text.is_empty() && text.len() <= MAX_ID && text.bytes().all(is_clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_nothing_that_a_line_or_a_label_would_have_to_escape() {
        for good in ["acme", "a-1.b_2@c:d|e+f", &"x".repeat(MAX_ID)] {
            assert!(is_id(good), "{good:?}");
        }
        for bad in [
            "",
            " ",
            "a b",
            "a\"",
            "a\\",
            "a\n",
            "a/b",
            "é",
            &"x".repeat(MAX_ID + 1),
        ] {
            assert!(!is_id(bad), "{bad:?}");
        }
    }
}
