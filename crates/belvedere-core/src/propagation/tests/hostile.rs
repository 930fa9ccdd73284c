//! Whatever bytes come: nothing panics, and what goes on to a callee is well formed.

use super::*;

/// Enough to meet every branch many times.
const ROUNDS: u32 = 50_000;
/// Every header that is read, and something good to say in it.
const GOOD: [(&str, &[u8]); 9] = [
    ("traceparent", W3C.as_bytes()),
    ("tracestate", b"foo=1,t@v=a b"),
    ("baggage", b"plan=a%20b;x"),
    (
        "b3",
        b"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1-00f067aa0ba902b7",
    ),
    ("x-b3-traceid", TRACE.as_bytes()),
    ("x-b3-spanid", SPAN.as_bytes()),
    ("x-b3-sampled", b"1"),
    ("x-b3-flags", b"1"),
    ("elastic-apm-traceparent", W3C.as_bytes()),
];
/// What the parsers look for, and what they do not expect.
const PIECES: [&[u8]; 20] = [
    W3C.as_bytes(),
    TRACE.as_bytes(),
    SPAN.as_bytes(),
    b"00",
    b"0",
    b"1",
    b"d",
    b"-",
    b"--",
    b",",
    b"=",
    b"@",
    b";",
    b"plan",
    b"plan=%",
    b"%C3%28",
    b" \t",
    b"\xff\xfe",
    b"\x00",
    "\u{2028}".as_bytes(),
];

/// Something good with up to two bytes of it changed, or pieces in a row.
fn value(random: &mut fastrand::Rng, good: &[u8]) -> Vec<u8> {
    let mut value = good.to_vec();
    if random.bool() {
        let pieces = (0..random.usize(..6)).map(|_| PIECES[random.usize(..PIECES.len())]);
        value = pieces.collect::<Vec<_>>().concat();
    }
    for _ in 0..random.usize(..3) {
        let at = random.usize(..=value.len());
        let cut = random.usize(at..=value.len().min(at + 1));
        value.splice(at..cut, random.bool().then(|| random.u8(..)));
    }
    value
}

fn headers(random: &mut fastrand::Rng) -> Vec<(&'static str, Vec<u8>)> {
    (0..random.usize(..6))
        .map(|_| {
            let (name, good) = GOOD[random.usize(..GOOD.len())];
            (name, value(random, good))
        })
        .collect()
}

#[test]
fn no_bytes_panic_and_none_of_them_break_a_header() {
    let (mut random, route) = (fastrand::Rng::with_seed(7), Route::new("GET", "/"));
    let (mut continued, mut carried) = (0, 0);
    for _ in 0..ROUNDS {
        let headers = headers(&mut random);
        let mut incoming = Incoming::default();
        for (name, value) in &headers {
            incoming.see(name.as_bytes(), value);
        }
        let caller = incoming.caller(&all(), || true);
        continued += u32::from(caller.parent().is_some());
        carried += u32::from(caller.carried.is_some());
        let request = NewRequest::new(&route, "/").caller(caller);
        let context = request.propagators(all().propagators).begin(&Tracer::off());
        // Decoded, it may say anything; it must not fail.
        let _ = context.baggage("plan");
        context.inject(&context.traceparent(), |name, value| {
            let is_text = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
            assert!(
                is_text && value.len() <= 1024,
                "{name}: {value:?} of {headers:?}"
            );
        });
    }
    assert!(
        continued > ROUNDS / 20 && carried > ROUNDS / 20,
        "{continued} {carried}"
    );
}
