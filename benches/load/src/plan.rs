//! What is to be sent, from the command line.

use std::net::SocketAddr;

use crate::Failure;

pub(crate) const USAGE: &str =
    "usage: load ADDRESS PATH REQUESTS CONNECTIONS [--rate N] [--cycle N] ['NAME: VALUE'...]";
/// More than any run here needs; a forgotten digit must not run for hours.
const MAX_REQUESTS: usize = 10_000_000;
/// As many as one loopback address has ports for, with room to spare.
const MAX_CONNECTIONS: usize = 20_000;
/// Above it the timer is what is measured.
const MAX_RATE: u32 = 100_000;
/// Each has a text of its own in memory.
const MAX_CYCLE: usize = 100_000;

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    path: String,
    headers: Vec<String>,
    pub(crate) requests: usize,
    pub(crate) connections: usize,
    /// Requests a second, whatever the server does; without it each connection waits for its answer.
    pub(crate) rate: Option<u32>,
    /// How many different numbers `{}` in the path stands for, one after the other.
    cycle: usize,
}

impl Plan {
    pub(crate) fn parse(args: &[String]) -> Result<Self, Failure> {
        let [address, path, requests, connections, rest @ ..] = args else {
            return Err(USAGE.into());
        };
        let mut plan = Self {
            address: address.parse()?,
            path: path.clone(),
            headers: Vec::new(),
            requests: requests.parse()?,
            connections: connections.parse()?,
            rate: None,
            cycle: 1,
        };
        plan.take(rest)?;
        plan.check().map(|()| plan)
    }

    fn take(&mut self, mut rest: &[String]) -> Result<(), Failure> {
        loop {
            rest = match rest {
                [] => return Ok(()),
                [option, value, rest @ ..] if option == "--rate" => {
                    self.rate = Some(value.parse()?);
                    rest
                }
                [option, value, rest @ ..] if option == "--cycle" => {
                    self.cycle = value.parse()?;
                    rest
                }
                [header, rest @ ..] if header.contains(": ") => {
                    self.headers.push(header.clone());
                    rest
                }
                _ => return Err(USAGE.into()),
            };
        }
    }

    fn check(&self) -> Result<(), Failure> {
        if !self.address.ip().is_loopback() {
            return Err(format!("{} is not a loopback address", self.address).into());
        }
        let bounded = self.requests <= MAX_REQUESTS
            && (1..=MAX_CONNECTIONS).contains(&self.connections)
            && self.rate.is_none_or(|rate| (1..=MAX_RATE).contains(&rate))
            && (1..=MAX_CYCLE).contains(&self.cycle);
        if bounded {
            return Ok(());
        }
        Err(format!(
            "at most {MAX_REQUESTS} requests over 1 to {MAX_CONNECTIONS} connections, {MAX_RATE} a second, {MAX_CYCLE} different"
        )
        .into())
    }

    /// Every different request, as it goes over the wire.
    pub(crate) fn texts(&self) -> Vec<Vec<u8>> {
        (0..self.cycle).map(|index| self.text(index)).collect()
    }

    fn text(&self, index: usize) -> Vec<u8> {
        let path = self.path.replace("{}", &index.to_string());
        let address = self.address;
        let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: */*\r\n");
        let headers = self.headers.iter().map(|header| format!("{header}\r\n"));
        (head + &headers.collect::<String>() + "\r\n").into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Result<Plan, Failure> {
        let args: Vec<String> = text.split(' ').map(str::to_owned).collect();
        Plan::parse(&args)
    }

    #[test]
    fn only_a_bounded_run_on_loopback_is_accepted() {
        assert!(plan("127.0.0.1:80 / 10 2").is_ok());
        assert!(plan("192.0.2.1:80 / 10 2").is_err());
        assert!(plan("127.0.0.1:80 / 10 0").is_err());
        assert!(plan("127.0.0.1:80 / 99999999999 2").is_err());
        assert!(plan("127.0.0.1:80 / 10 2 --rate 0").is_err());
        assert!(plan("127.0.0.1:80 / 10 2 --cycle 0").is_err());
        assert!(plan("127.0.0.1:80 / 10 2 --rat 5").is_err());
        assert!(plan("127.0.0.1:80").is_err());
    }

    #[test]
    fn a_request_carries_the_headers_given() {
        let args = ["127.0.0.1:80", "/x", "1", "1", "--rate", "5", "a: b"].map(str::to_owned);
        let plan = Plan::parse(&args).expect("a good plan");
        assert_eq!(plan.rate, Some(5));
        assert_eq!(
            plan.texts(),
            [b"GET /x HTTP/1.1\r\nhost: 127.0.0.1:80\r\naccept: */*\r\na: b\r\n\r\n"]
        );
    }

    #[test]
    fn a_cycle_has_different_paths() {
        let texts = plan("127.0.0.1:80 /x/{} 9 1 --cycle 3")
            .expect("a good plan")
            .texts();
        assert_eq!(texts.len(), 3);
        assert!(texts[2].starts_with(b"GET /x/2 HTTP/1.1"));
    }
}
