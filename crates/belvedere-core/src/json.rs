/// Whether `text` stands in a JSON string as it is (RFC 8259, section 7), as nearly every text does.
///
/// It looks at all of it, without a branch for each byte, so that the compiler can look at many at once.
pub fn is_plain_json(text: &str) -> bool {
    let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    !text
        .bytes()
        .fold(false, |found, byte| found | is_special(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_escapes_is_not_plain() {
        for text in ["", "plain", "/v1/orders/é", "\u{7f}"] {
            assert!(is_plain_json(text), "{text:?}");
            assert_eq!(
                serde_json::Value::from(text).to_string(),
                format!("\"{text}\"")
            );
        }
        for text in ["a\"b", "\\", "line\n", "\u{1f}"] {
            assert!(!is_plain_json(text), "{text:?}");
        }
    }
}
