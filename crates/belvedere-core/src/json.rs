/// A 1 in each byte, and the top bit of each.
const ONES: u64 = u64::from_ne_bytes([1; 8]);
const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);

/// Whether `text` stands in a JSON string as it is (RFC 8259, section 7), as nearly every text does.
///
/// It runs on every string of every log line, so it looks at eight bytes at a time.
pub fn is_plain_json(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some(last) = bytes.last_chunk() else {
        return !bytes.iter().any(|byte| is_special(*byte));
    };
    // The last eight overlap those before them: quicker than a few bytes one by one.
    let eights = bytes.as_chunks().0.iter().chain([last]);
    eights.fold(0, |found, eight| {
        found | specials(u64::from_ne_bytes(*eight))
    }) == 0
}

const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Not 0 if any of eight bytes is special: a byte below a bound borrows from its top bit, which was not set.
const fn specials(eight: u64) -> u64 {
    let quotes = eight ^ (ONES * b'"' as u64);
    let slashes = eight ^ (ONES * b'\\' as u64);
    (below(eight, 0x20) | below(quotes, 1) | below(slashes, 1)) & TOPS
}

const fn below(eight: u64, bound: u8) -> u64 {
    eight.wrapping_sub(ONES * bound as u64) & !eight
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

    #[test]
    fn each_byte_is_found_wherever_it_stands() {
        for byte in 0..0x80_u8 {
            for at in 0..20 {
                let text = format!(
                    "{}{}{}",
                    "é".repeat(at),
                    char::from(byte),
                    "x".repeat(20 - at)
                );
                assert_eq!(is_plain_json(&text), !is_special(byte), "{byte:#x} at {at}");
            }
        }
    }
}
