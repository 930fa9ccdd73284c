//! As much of DER (X.690) as a public key needs (SubjectPublicKeyInfo, RFC 5280).

use base64::{Engine, engine::general_purpose::STANDARD};

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
/// AlgorithmIdentifiers, whole.
pub(super) const RSA: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
pub(super) const P256: &[u8] =
    b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
pub(super) const ED25519: &[u8] = b"\x30\x05\x06\x03\x2b\x65\x70";

/// `-----BEGIN PUBLIC KEY-----` and so on.
pub(super) fn public_pem(algorithm: &[u8], key: &[u8]) -> String {
    let bits = [&[0], key].concat();
    let info = [algorithm, &tagged(BIT_STRING, &bits)].concat();
    let text = STANDARD.encode(tagged(SEQUENCE, &info));
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    let body = lines.join("\n");
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let [.., high, low] = length.to_be_bytes();
    let head = match length {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head.as_slice(), content].concat()
}
