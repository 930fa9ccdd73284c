//! A walk through a service: the few requests that show every signal once.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::problem;
use crate::run::http::{Answer, Call};

/// One request and what it must be answered with.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    pub(crate) call: Call,
    pub(crate) status: u16,
    /// The field a 422 must name.
    pub(crate) field: Option<&'static str>,
}

impl Stop {
    pub(crate) fn new(call: Call, status: u16) -> Self {
        Self {
            call: as_ada(call),
            status,
            field: None,
        }
    }

    fn naming(self, field: &'static str) -> Self {
        Self {
            field: Some(field),
            ..self
        }
    }

    /// Sends it and checks the answer.
    pub(crate) fn visit(self, address: SocketAddr) -> Result<Visit> {
        let answer = self.call.send(address)?;
        let told = format!(
            "{} {} -> {}",
            self.call.method, self.call.path, answer.status
        );
        self.check(&answer)
            .with_context(|| format!("{told} {}", answer.text()))?;
        let request_id = answer.header("x-request-id").unwrap_or_default().to_owned();
        Ok(Visit {
            told,
            request_id,
            stop: self,
            answer,
        })
    }

    fn check(&self, answer: &Answer) -> Result<()> {
        ensure!(
            answer.status == self.status,
            "answered {}, not {}",
            answer.status,
            self.status
        );
        ensure!(
            answer.header("x-request-id").is_some(),
            "there is no x-request-id"
        );
        if self.status >= 400 {
            problem::check(answer, self.status)?;
        }
        self.field
            .map_or(Ok(()), |field| problem::names_field(answer, field))
    }
}

/// A request that was answered as it should be.
#[derive(Debug)]
pub(crate) struct Visit {
    /// `POST /v1/orders -> 201`
    pub(crate) told: String,
    pub(crate) request_id: String,
    pub(crate) stop: Stop,
    pub(crate) answer: Answer,
}

/// The headers of a caller that a development service trusts.
pub(crate) fn as_ada(call: Call) -> Call {
    call.header("x-tenant-id", "acme")
        .header("x-user-id", "ada")
}

pub(crate) fn sign_up() -> Stop {
    let body = r#"{"email":"ada@example.org","source":"demo"}"#;
    Stop::new(Call::post("/v1/users", body), 201)
}

pub(crate) fn order(quantity: i64) -> Call {
    let body = format!(r#"{{"product":"espresso","quantity":{quantity}}}"#);
    Call::post("/v1/orders", body)
}

/// Sign-up, order, the order read back, an unknown route, an order that cannot be.
pub(crate) fn walk(address: SocketAddr) -> Result<Vec<Visit>> {
    let mut visits = vec![sign_up().visit(address)?];
    let ordered = Stop::new(order(2), 201).visit(address)?;
    let id = id_of(&ordered.answer)?;
    visits.push(ordered);
    let read = Call::get(&format!("/v1/orders/{id}"));
    visits.push(Stop::new(read, 200).visit(address)?);
    visits.push(Stop::new(Call::get("/v1/nothing-here"), 404).visit(address)?);
    visits.push(Stop::new(order(0), 422).naming("quantity").visit(address)?);
    Ok(visits)
}

pub(crate) fn id_of(order: &Answer) -> Result<String> {
    match &order.json()?["id"] {
        Value::String(id) => Ok(id.clone()),
        Value::Number(id) => Ok(id.to_string()),
        _ => anyhow::bail!("the order has no id: {}", order.text()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            headers: vec![("x-request-id".to_owned(), "req-00000001".to_owned())],
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_wrong_status_or_a_plain_error_is_refused() {
        assert!(sign_up().check(&answer(201, "{}")).is_ok());
        assert!(sign_up().check(&answer(200, "{}")).is_err());
        let missing = Stop::new(Call::get("/v1/x"), 404);
        assert!(missing.check(&answer(404, "not found")).is_err());
    }

    #[test]
    fn an_order_is_found_by_either_kind_of_id() {
        assert_eq!(id_of(&answer(201, r#"{"id":7}"#)).unwrap(), "7");
        assert_eq!(id_of(&answer(201, r#"{"id":"a-1"}"#)).unwrap(), "a-1");
        assert!(id_of(&answer(201, "{}")).is_err());
    }
}
