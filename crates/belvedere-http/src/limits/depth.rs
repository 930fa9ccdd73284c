//! How deep JSON is nested, before anything is built from it.

/// Deeper than any document that somebody has designed. A parser, and whoever walks what it makes, recurses as deep.
pub(crate) const MAX_JSON_DEPTH: usize = 64;

/// Whether a document is nested deeper than [`MAX_JSON_DEPTH`].
pub(crate) fn is_too_deep(json: &[u8]) -> bool {
    // Most have fewer brackets than that in all, and counting them takes a sixteenth of the time.
    json.iter().filter(|byte| is_opening(**byte)).count() > MAX_JSON_DEPTH
        && depth(json) > MAX_JSON_DEPTH
}

const fn is_opening(byte: u8) -> bool {
    matches!(byte, b'[' | b'{')
}

/// How deep it is nested at most. What is no JSON has a depth too; the parser will say what is wrong with it.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn skip_string<'j>(bytes: &mut impl Iterator<Item = &'j u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> Vec<u8> {
        [vec![b'['; depth], vec![b']'; depth]].concat()
    }

    #[test]
    fn a_document_may_be_as_deep_as_the_limit_and_no_deeper() {
        assert!(!is_too_deep(&nested(MAX_JSON_DEPTH)));
        assert!(is_too_deep(&nested(MAX_JSON_DEPTH + 1)));
    }

    #[test]
    fn brackets_side_by_side_or_in_strings_are_not_deep() {
        let wide = format!("[{}[]]", "[],".repeat(1000));
        assert!(!is_too_deep(wide.as_bytes()));
        let text = format!("[\"{}\\\"{}\"]", "[".repeat(100), "{".repeat(100));
        assert_eq!(depth(text.as_bytes()), 1);
        assert!(!is_too_deep(text.as_bytes()));
    }

    #[test]
    fn what_is_no_json_has_a_depth_too() {
        assert_eq!(depth(b"]]}{\"\\"), 1);
    }
}
