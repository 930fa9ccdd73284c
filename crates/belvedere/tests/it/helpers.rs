use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    time::Duration,
};

use belvedere_testing::{TestService, TestServiceBuilder};

/// The binary of the example `rough`.
pub(crate) fn rough() -> String {
    example("rough")
}

/// The binary of an example: Cargo builds it beside the tests.
pub(crate) fn example(name: &str) -> String {
    let mut path: PathBuf = std::env::current_exe().expect("the test has a path");
    path.pop();
    path.pop();
    path.push("examples");
    path.push(name);
    path.to_str().expect("the path is UTF-8").to_owned()
}

pub(crate) fn service() -> TestServiceBuilder {
    TestService::builder(&rough())
}

/// A connection that has sent `head` and reads with patience.
pub(crate) fn connect(addr: SocketAddr, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(addr).expect("the service listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("a timeout above zero");
    stream
        .write_all(head.as_bytes())
        .expect("the service reads");
    stream
}

/// Reads until `wanted` has come.
pub(crate) fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 1024];
    while !text.contains(wanted) {
        let read = stream.read(&mut buffer).expect("the service answers");
        assert_ne!(read, 0, "the end came before {wanted:?}: {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    text
}
