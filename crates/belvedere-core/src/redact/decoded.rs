//! Percent-encoding (RFC 3986, section 2.1): a URL inside of a path hides behind it.

use std::ops::Range;

/// A URL in a URL in a URL.
const DEPTH: usize = 3;

/// A text as it reads without its percent-encoding.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) text: String,
    /// Where each byte began in the text that was given, and where that ends.
    places: Vec<usize>,
}

impl Decoded {
    /// Decoded once, twice and so on, as long as there is something to decode.
    pub(super) fn all_of(text: &str) -> impl Iterator<Item = Self> {
        let first = Self::of(text, |at| at);
        std::iter::successors(first, |before| {
            Self::of(&before.text, |at| before.places[at])
        })
        .take(DEPTH)
    }

    /// The range of the given text.
    pub(super) fn place(&self, range: &Range<usize>) -> Range<usize> {
        self.places[range.start]..self.places[range.end]
    }

    /// `None` when nothing is encoded.
    fn of(text: &str, place: impl Fn(usize) -> usize) -> Option<Self> {
        let mut at = first_escape(text)?;
        let mut decoded = text.as_bytes()[..at].to_vec();
        let mut places: Vec<_> = (0..at).map(&place).collect();
        while at < text.len() {
            let (byte, length) = match escape(text.as_bytes(), at) {
                Some(byte) => (byte, 3),
                None => (text.as_bytes()[at], 1),
            };
            decoded.push(byte);
            places.push(place(at));
            at += length;
        }
        places.push(place(text.len()));
        // Only ASCII takes the place of ASCII.
        let text = String::from_utf8(decoded).ok()?;
        Some(Self { text, places })
    }
}

fn first_escape(text: &str) -> Option<usize> {
    let mut marks = text.match_indices('%').map(|(at, _)| at);
    marks.find(|at| escape(text.as_bytes(), *at).is_some())
}

/// The ASCII that three bytes stand for. All other characters stay as they are: no secret is told by them.
fn escape(bytes: &[u8], at: usize) -> Option<u8> {
    let [b'%', high, low] = *bytes.get(at..)?.first_chunk()? else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let code = digit(high)? * 16 + digit(low)?;
    u8::try_from(code).ok().filter(u8::is_ascii)
}
