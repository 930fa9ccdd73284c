/// Positions that one step looks at.
const STEP: usize = 32;
/// The bytes of one step: each position is the last of three.
const BLOCK: usize = STEP + 2;
/// The fewest digits of a card number, less the two that may stand before the first position.
const CARD_DIGITS: u32 = 13 - 2;

/// Which kinds of secrets a text may have, seen in one look at each byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Suspicion {
    /// An `@`, without which no URL has userinfo, or a `%`, behind which any secret may be.
    pub(super) mark: bool,
    /// `bea` in any case.
    pub(super) bearer: bool,
    /// `yJ`, of `eyJ`: the begin of a JSON object in base64.
    pub(super) jwt: bool,
    /// `inv`, of `invalid`.
    pub(super) quoted: bool,
    /// Enough digits.
    pub(super) card: bool,
}

impl Suspicion {
    pub(super) const ALL: Self = Self {
        mark: true,
        bearer: true,
        jwt: true,
        quoted: true,
        card: true,
    };

    pub(super) fn of(text: &[u8]) -> Self {
        let mut seen = Seen::default();
        let Some(last) = text.last_chunk::<BLOCK>() else {
            let mut padded = [0; BLOCK];
            padded[..text.len()].copy_from_slice(text);
            // The first two bytes are nobody's last: an `@` there is after no scheme, and before a `%` there is none.
            seen.look(&padded);
            return seen.suspicion();
        };
        let mut at = 0;
        while let Some(block) = text[at..].first_chunk::<BLOCK>() {
            seen.look(block);
            at += STEP;
        }
        // Overlaps the one before it: digits may count twice, which only makes a search more likely.
        seen.look(last);
        seen.suspicion()
    }

    pub(super) fn is_none(self) -> bool {
        !(self.mark | self.bearer | self.jwt | self.quoted | self.card)
    }
}

#[derive(Debug, Default)]
struct Seen {
    mark: u8,
    bearer: u8,
    jwt: u8,
    quoted: u8,
    digits: u32,
}

impl Seen {
    /// Without branches and of a fixed length, so that the compiler looks at many bytes at once.
    #[inline]
    fn look(&mut self, block: &[u8; BLOCK]) {
        let (mut mark, mut bearer, mut jwt) = (0, 0, 0);
        let (mut quoted, mut digits) = (0, 0u8);
        for position in 0..STEP {
            let (a, b, c) = (block[position], block[position + 1], block[position + 2]);
            mark |= u8::from(c == b'@') | u8::from(c == b'%');
            bearer |= u8::from(a | 0x20 == b'b')
                & u8::from(b | 0x20 == b'e')
                & u8::from(c | 0x20 == b'a');
            jwt |= u8::from(b == b'y') & u8::from(c == b'J');
            quoted |= u8::from(a == b'i') & u8::from(b == b'n') & u8::from(c == b'v');
            digits += u8::from(c.wrapping_sub(b'0') < 10);
        }
        self.mark |= mark;
        self.bearer |= bearer;
        self.jwt |= jwt;
        self.quoted |= quoted;
        self.digits += u32::from(digits);
    }

    const fn suspicion(&self) -> Suspicion {
        Suspicion {
            mark: self.mark != 0,
            bearer: self.bearer != 0,
            jwt: self.jwt != 0,
            quoted: self.quoted != 0,
            card: self.digits >= CARD_DIGITS,
        }
    }
}
