//! HTTP/2 by hand: frames that no client would send (RFC 9113, section 6).

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// What a peer says, in the order in which it is added.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frames(Vec<u8>);

impl AsRef<[u8]> for Frames {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Frames {
    /// The preface and settings that leave each stream's window at `window`.
    pub(crate) fn with_window(window: u32) -> Self {
        let mut payload = vec![0, 4];
        payload.extend(window.to_be_bytes());
        Self(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()).frame(SETTINGS, 0, 0, &payload)
    }

    pub(crate) fn new() -> Self {
        Self::with_window(65_535)
    }

    pub(crate) fn get(self, stream: u32, path: &str) -> Self {
        let flags = END_STREAM | END_HEADERS;
        self.frame(HEADERS, flags, stream, &head(path))
    }

    /// A request whose head goes on in frames of their own, each with one header of `bytes`.
    pub(crate) fn long_head(self, stream: u32, headers: usize, bytes: usize) -> Self {
        let mut frames = self.frame(HEADERS, END_STREAM, stream, &head("/ok"));
        for at in 1..=headers {
            let flags = if at == headers { END_HEADERS } else { 0 };
            frames = frames.frame(CONTINUATION, flags, stream, &header(bytes));
        }
        frames
    }

    pub(crate) fn reset(self, stream: u32) -> Self {
        self.frame(RESET, 0, stream, &8_u32.to_be_bytes())
    }

    /// Opens the window of a stream, or with 0 that of the connection.
    pub(crate) fn open(self, stream: u32, bytes: u32) -> Self {
        self.frame(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes())
    }

    pub(crate) fn ping(self) -> Self {
        self.frame(PING, 0, 0, b"are you?")
    }

    /// Data for a stream that nobody has opened.
    pub(crate) fn stray_data(self) -> Self {
        self.frame(DATA, 0, 99, b"stray")
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn frame(mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Self {
        let length = u32::try_from(payload.len()).unwrap();
        self.0.extend_from_slice(&length.to_be_bytes()[1..]);
        self.0.extend([kind, flags]);
        self.0.extend(stream.to_be_bytes());
        self.0.extend_from_slice(payload);
        self
    }
}

/// `GET path` from the static table of HPACK (RFC 7541, appendix A), but for the path and the authority.
fn head(path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x86, 0x04];
    block.push(u8::try_from(path.len()).unwrap());
    block.extend_from_slice(path.as_bytes());
    block.extend_from_slice(b"\x01\x04test");
    block
}

/// `x: yyy..` as a literal that is not remembered.
fn header(bytes: usize) -> Vec<u8> {
    let mut block = b"\x00\x01x".to_vec();
    // A length of 127 or more goes on in groups of seven bits.
    let mut rest = bytes - 127;
    block.push(127);
    while rest >= 128 {
        block.push(u8::try_from(rest % 128).unwrap() | 128);
        rest /= 128;
    }
    block.push(u8::try_from(rest).unwrap());
    block.resize(block.len() + bytes, b'y');
    block
}
