use std::net::TcpListener;

use super::*;

/// A courier to a server that takes connections and never answers.
fn courier() -> (Courier, TcpListener) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let dsn = format!("http://key@{addr}/1").parse().unwrap();
    (Courier::start(&dsn).unwrap(), listener)
}

#[test]
fn a_server_that_hangs_keeps_nobody_waiting_and_no_more_than_the_queue_has_room_for() {
    let (courier, _listener) = courier();
    let began = Instant::now();
    for _ in 0..10_000 {
        courier.push(vec![0; 1024]);
    }
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert!(courier.0.lock().waiting.len() <= MOST_WAITING);
    assert!(!courier.close(Duration::from_millis(10)));
    assert!(courier.0.lock().waiting.is_empty());
    courier.push(Vec::new());
    assert!(courier.0.lock().waiting.is_empty(), "it takes nothing more");
}
