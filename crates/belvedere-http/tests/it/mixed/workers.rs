//! Callers at work, over HTTP/1.1 or over HTTP/2.

use std::{io, net::SocketAddr};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use tokio::net::TcpStream;

use super::{
    arrivals::Arrivals,
    callers::{Caller, Farewell, Phase},
};
use crate::harness::{Answer, Http2, LIMIT, Wire, request};

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// The begin of an HTTP/2 connection, with settings and a head whose end is missing.
const HALF_AN_HTTP2_HEAD: &[u8] =
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\0\0\0\0\x01\x82";
const HALF_A_HEAD: &[u8] = b"GET /ok HTTP/1.1\r\nhost: te";
/// Over our own limit of 32 KiB, and below hyper's.
const LONG: usize = 33_000;
const LARGE: [u8; LIMIT + 1] = [b'x'; LIMIT + 1];

/// One that makes one request after another.
pub(super) struct Worker {
    pub(super) addr: SocketAddr,
    pub(super) number: usize,
    pub(super) arrivals: Arrivals,
}

impl Worker {
    /// Every other one speaks HTTP/2.
    pub(super) const fn is_http2(&self) -> bool {
        self.number % 2 == 1
    }

    pub(super) async fn work(self, callers: Vec<Caller>) {
        if self.is_http2() {
            let mut kept = Http2::open(self.addr).await;
            for caller in callers {
                self.over_http2(&mut kept, caller).await;
            }
        } else {
            let mut kept = Wire::open(self.addr).await;
            for caller in callers {
                self.over_http1(&mut kept, caller).await;
            }
        }
    }

    async fn over_http1(&self, kept: &mut Wire, caller: Caller) {
        match caller {
            Caller::Stays(method, route, status) => {
                kept.say(head(method, &self.path(route), "")).await;
                expect(&kept.answer().await, status);
            }
            Caller::Watches(route) => {
                let mut own = self.say(head("GET", route, "")).await;
                assert!(!own.rest().await.is_whole);
            }
            Caller::SendsALongHead => {
                let line = format!("x: {}\r\n", "y".repeat(LONG));
                let mut own = self.say(head("GET", "/ok", &line)).await;
                expect(&own.answer().await, 431);
            }
            Caller::SendsALargeBody => {
                let line = format!("content-length: {}\r\n", LARGE.len());
                let mut own = self.say(head("POST", "/upload", &line)).await;
                own.say(LARGE).await;
                expect(&own.answer().await, 413);
            }
            Caller::Leaves(phase, farewell) => {
                let own = self.half(phase).await;
                part(own, farewell);
            }
        }
    }

    /// A connection whose request has come as far as that.
    async fn half(&self, phase: Phase) -> Wire {
        let Some(route) = phase.route() else {
            return self.say(HALF_A_HEAD).await;
        };
        let path = self.path(route);
        match phase {
            Phase::Head | Phase::Sent => self.say(head("GET", &path, "")).await,
            Phase::Upload => {
                let head = head("POST", &path, "content-length: 9\r\n");
                self.say_and_wait(head + "half").await
            }
            Phase::Handler | Phase::Pause | Phase::Flood => {
                self.say_and_wait(head("GET", &path, "")).await
            }
        }
    }

    async fn say(&self, text: impl AsRef<[u8]>) -> Wire {
        let mut wire = Wire::open(self.addr).await;
        wire.say(text).await;
        wire
    }

    async fn say_and_wait(&self, text: String) -> Wire {
        let wire = self.say(text).await;
        self.arrivals.wait(self.number).await;
        wire
    }

    async fn over_http2(&self, kept: &mut Http2, caller: Caller) {
        match caller {
            Caller::Stays(method, route, status) => {
                let answer = kept.call(request(method, &self.path(route))).await;
                expect(&answer, status);
            }
            Caller::Watches(route) => assert!(!kept.get(route).await.is_whole),
            Caller::SendsALongHead => {
                let mut long = request("GET", "/ok");
                let value = "y".repeat(LONG).parse().unwrap();
                long.headers_mut().insert("x", value);
                expect(&kept.call(long).await, 431);
            }
            Caller::SendsALargeBody => {
                let large = stream::iter([Bytes::from_static(&LARGE)]);
                expect(&kept.call(upload("/upload", large)).await, 413);
            }
            Caller::Leaves(Phase::Head, farewell) => {
                part(self.say(HALF_AN_HTTP2_HEAD).await, farewell);
            }
            Caller::Leaves(phase, Farewell::ResetStream) => self.give_up(kept, phase).await,
            Caller::Leaves(phase, farewell) => self.cut(phase, farewell).await,
        }
    }

    /// Resets the stream of a request that has come as far as that.
    async fn give_up(&self, kept: &mut Http2, phase: Phase) {
        tokio::select! {
            answer = kept.call(self.asked(phase)) => panic!("not given up: {answer:?}"),
            () = self.arrivals.wait(self.number) => {}
        }
    }

    /// Ends the connection of a request that has come as far as that.
    async fn cut(&self, phase: Phase, farewell: Farewell) {
        let stream = TcpStream::connect(self.addr).await.unwrap();
        if farewell == Farewell::Reset {
            stream.set_zero_linger().unwrap();
        }
        let mut own = Http2::over(stream).await;
        let connection = own.connection();
        tokio::select! {
            answer = own.call(self.asked(phase)) => panic!("not cut: {answer:?}"),
            () = self.arrivals.wait(self.number) => connection.abort(),
        }
    }

    fn asked(&self, phase: Phase) -> Request<Body> {
        let path = self.path(phase.route().unwrap());
        if phase.method() == "GET" {
            return request("GET", &path);
        }
        let half = stream::iter([Bytes::from_static(b"half")]);
        upload(&path, half.chain(stream::pending()))
    }

    fn path(&self, route: &str) -> String {
        let number = self.number.to_string();
        route.replace("{worker}", &number).replace("{id}", &number)
    }
}

fn part(wire: Wire, farewell: Farewell) {
    match farewell {
        Farewell::Close => drop(wire),
        Farewell::Reset | Farewell::ResetStream => wire.reset(),
    }
}

fn head(method: &str, path: &str, lines: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: test\r\n{lines}\r\n")
}

fn expect(answer: &Answer, status: u16) {
    assert_eq!(
        (answer.status, answer.is_whole),
        (status, true),
        "{answer:?}"
    );
}

fn upload(path: &str, chunks: impl Stream<Item = Bytes> + Send + 'static) -> Request<Body> {
    let frames = chunks.map(|chunk| Ok(Frame::data(chunk)));
    let body = StreamBody::new(frames).boxed_unsync();
    Request::post(path).body(body).unwrap()
}
