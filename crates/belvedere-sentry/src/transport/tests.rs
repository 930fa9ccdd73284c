use std::net::TcpListener;

use super::*;

const PATIENCE: Duration = Duration::from_secs(30);

/// A courier to a server that takes connections and never answers.
fn courier() -> (Courier, TcpListener) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let dsn = format!("http://key@{addr}/1").parse().unwrap();
    (Courier::start(&dsn).unwrap(), listener)
}

fn parcel(kind: Kind, length: usize) -> Parcel {
    Parcel {
        kind,
        envelope: vec![0; length],
        records: 3,
    }
}

#[test]
fn a_server_that_hangs_keeps_nobody_waiting_and_no_more_than_the_queue_has_room_for() {
    for kind in [Kind::Error, Kind::Transaction] {
        let (courier, _listener) = courier();
        let began = Instant::now();
        for _ in 0..10_000 {
            courier.push(parcel(kind, 1024));
        }
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
        assert!(courier.0.lock().of(kind).parcels.len() <= kind.room().0);
        let left = courier.close(Duration::from_millis(10));
        assert_ne!(left, Left::default());
        assert_eq!(
            (left.errors == 0, left.spans == 0),
            (kind != Kind::Error, kind == Kind::Error)
        );
        assert!(courier.0.lock().of(kind).parcels.is_empty());
        courier.push(parcel(kind, 0));
        assert!(
            courier.0.lock().of(kind).parcels.is_empty(),
            "it takes nothing more"
        );
    }
}

#[test]
fn what_waits_has_few_bytes_whatever_their_number() {
    let (courier, _listener) = courier();
    let (_, bytes) = Kind::Transaction.room();
    for _ in 0..64 {
        courier.push(parcel(Kind::Transaction, bytes / 8));
    }
    let mut state = courier.0.lock();
    assert!(
        state.transactions.bytes <= bytes,
        "{}",
        state.transactions.bytes
    );
    assert!(state.transactions.pop().is_some());
}

#[test]
fn transactions_that_hang_keep_no_error_waiting() {
    let (courier, _listener) = courier();
    for _ in 0..100 {
        courier.push(parcel(Kind::Transaction, 1));
    }
    courier.push(parcel(Kind::Error, 1));
    let deadline = Instant::now() + PATIENCE;
    while !courier.0.lock().errors.parcels.is_empty() {
        assert!(Instant::now() < deadline, "the error waits");
        thread::yield_now();
    }
    assert!(!courier.0.lock().transactions.parcels.is_empty());
}
