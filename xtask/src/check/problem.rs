//! Error bodies: RFC 9457 with the ids of the request.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::is_hex_id;
use crate::run::http::Answer;

/// Checks a whole error answer.
pub(crate) fn check(answer: &Answer, status: u16) -> Result<()> {
    let kind = answer.header("content-type").unwrap_or("nothing");
    ensure!(
        kind == "application/problem+json",
        "content-type is {kind}, not application/problem+json"
    );
    let body = answer.json()?;
    ensure!(
        body["status"] == status,
        "the body's status is {}, not {status}",
        body["status"]
    );
    for key in ["type", "title", "detail", "instance"] {
        ensure!(body[key].is_string(), "the body has no `{key}`: {body}");
    }
    check_code(&body)?;
    check_ids(answer, &body)
}

fn check_code(body: &Value) -> Result<()> {
    let code = body["error"].as_str().context("the body has no `error`")?;
    let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    ensure!(
        !code.is_empty() && code.chars().all(snake),
        "`{code}` is not snake_case"
    );
    Ok(())
}

fn check_ids(answer: &Answer, body: &Value) -> Result<()> {
    let header = answer
        .header("x-request-id")
        .context("there is no x-request-id")?;
    ensure!(
        body["request_id"] == header,
        "the body's request_id is {}, the header's {header}",
        body["request_id"]
    );
    let trace = body["trace_id"].as_str().unwrap_or_default();
    ensure!(is_hex_id(trace, 32), "the body's trace_id is `{trace}`");
    Ok(())
}

/// Checks that the fault is named by field: `errors: [{field, message}]`.
pub(crate) fn names_field(answer: &Answer, field: &str) -> Result<()> {
    let body = answer.json()?;
    let errors = body["errors"]
        .as_array()
        .context("the body has no `errors`")?;
    let named = errors
        .iter()
        .any(|error| error["field"] == field && error["message"].is_string());
    ensure!(
        named,
        "no error names the field `{field}`: {}",
        body["errors"]
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"type":"about:blank","title":"T","status":422,"detail":"d","instance":"/v1","error":"validation_failed","request_id":"req-00000001","trace_id":"0af7651916cd43dd8448eb211c80319c","errors":[{"field":"quantity","message":"too small"}]}"#;

    fn answer(body: &str) -> Answer {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Answer {
            status: 422,
            headers: vec![
                header("content-type", "application/problem+json"),
                header("x-request-id", "req-00000001"),
            ],
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_problem_by_the_contract_passes() {
        check(&answer(BODY), 422).unwrap();
        names_field(&answer(BODY), "quantity").unwrap();
    }

    #[test]
    fn each_departure_is_named() {
        let cases = [
            ("\"status\":422", "\"status\":400", "status is 400"),
            ("\"title\":\"T\",", "", "no `title`"),
            ("validation_failed", "Validation", "not snake_case"),
            ("req-00000001", "req-2", "the header's"),
            ("0af7651916cd43dd8448eb211c80319c", "0", "trace_id"),
        ];
        for (from, to, told) in cases {
            let fault = check(&answer(&BODY.replace(from, to)), 422)
                .unwrap_err()
                .to_string();
            assert!(fault.contains(told), "{told}: {fault}");
        }
        let mut plain = answer(BODY);
        plain.headers.clear();
        assert!(check(&plain, 422).is_err());
        assert!(names_field(&answer(BODY), "email").is_err());
    }
}
