use belvedere_http::Problem;
use http::StatusCode;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::code;

/// Before the trace that a message ends in.
const TRACE: &str = " [trace ";

/// What an upstream said, for one's own caller: the way back of [`status`](crate::status).
///
/// | the upstream | the caller is told |
/// |---|---|
/// | is away, or too slow | 503 `upstream_unavailable`, as of an HTTP upstream, and when to come again |
/// | failed | 500 `internal_server_error` |
/// | refused | the HTTP status that says the same, with the upstream's code and sentence; 422 with what is wrong in each field |
///
/// A status that is a failure is its cause: logged once, and never sent. One that is about something else than what the caller has
/// asked for, such as a lookup on the way, is to be told as an error of one's own.
///
/// ```
/// use belvedere_http::Problem;
/// use tonic::Status;
///
/// fn asked(answer: Result<u64, Status>) -> Result<u64, Problem> {
///     answer.map_err(belvedere_grpc::problem)
/// }
///
/// let refused = asked(Err(Status::not_found("there is no such order")));
/// assert_eq!(refused.unwrap_err().to_string(), "404 not_found");
/// ```
pub fn problem(status: Status) -> Problem {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => away(status),
        // OK is no refusal, and nobody knows why it is here.
        code if code == Code::Ok || code::is_failure(code) => Problem::internal(status),
        code => refused(&status, code),
    }
}

fn away(status: Status) -> Problem {
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "upstream_unavailable");
    let again = status.get_details_retry_info();
    let again = again.and_then(|info| info.retry_delay);
    let problem = again.into_iter().fold(problem, Problem::retry_after);
    problem.caused_by(status)
}

fn refused(status: &Status, code: Code) -> Problem {
    let details = status.get_error_details();
    let wrong = details.bad_request().map(|bad| &*bad.field_violations);
    let wrong = wrong.unwrap_or_default();
    let http = match wrong {
        [] => StatusCode::from_u16(code::in_http(code)).expect("it is in the table"),
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let named = details.error_info().map(|info| info.reason.clone());
    let named = named.unwrap_or_else(|| code::name(code).to_ascii_lowercase());
    let problem = Problem::new(http, named);
    let problem = match sentence(status.message()) {
        "" => problem,
        sentence => problem.detail(sentence.to_owned()),
    };
    wrong.iter().fold(problem, |problem, wrong| {
        problem.field(&wrong.field, &wrong.description)
    })
}

/// Without the trace, which a problem names by itself.
fn sentence(message: &str) -> &str {
    message
        .rsplit_once(TRACE)
        .map_or(message, |(sentence, _)| sentence)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use belvedere_core::{NewRequest, context::Route, trace::Tracer};
    use belvedere_http::FieldError;

    use super::*;
    use crate::status;

    /// There and back, within a request.
    fn returned(told: Problem) -> Problem {
        let context = NewRequest::new(&Route::new("POST", "/"), "/").begin(&Tracer::off());
        problem(context.enter(|| status(told)))
    }

    #[test]
    fn what_an_upstream_refuses_is_told_in_its_own_words() {
        let told = Problem::not_found("order_not_found").detail("there is no such order");
        let parts = returned(told).into_parts();
        assert_eq!(parts.status, 404);
        assert_eq!(parts.code, "order_not_found");
        assert_eq!(parts.detail.unwrap(), "there is no such order");
        assert!(parts.cause.is_none());
    }

    #[test]
    fn what_is_wrong_with_each_field_comes_back() {
        let wrong = FieldError {
            field: "quantity".to_owned(),
            message: "is not positive".to_owned(),
        };
        let parts = returned(Problem::validation(vec![wrong.clone()])).into_parts();
        assert_eq!(
            (parts.status.as_u16(), &*parts.code),
            (422, "validation_failed")
        );
        assert_eq!(parts.errors, [wrong]);
    }

    #[test]
    fn an_upstream_that_is_away_is_503_and_says_when_to_come_again() {
        let told = Problem::new(StatusCode::BAD_GATEWAY, "elsewhere");
        let parts = returned(told.retry_after(Duration::from_secs(3))).into_parts();
        assert_eq!(
            (parts.status.as_u16(), &*parts.code),
            (503, "upstream_unavailable")
        );
        assert_eq!(parts.retry_after, Some(Duration::from_secs(3)));
        assert!(parts.cause.is_some());
        let late = problem(Status::deadline_exceeded("")).into_parts();
        assert_eq!(late.status, 503);
    }

    #[test]
    fn an_upstream_that_failed_is_a_failure_with_it_behind() {
        let parts = problem(Status::internal("password=hunter2")).into_parts();
        assert_eq!(
            (parts.status.as_u16(), &*parts.code),
            (500, "internal_server_error")
        );
        assert_eq!(parts.detail, None);
        assert!(parts.cause.unwrap().source.to_string().contains("hunter2"));
    }

    #[test]
    fn a_status_without_details_has_its_own_name() {
        assert_eq!(
            problem(Status::already_exists("")).to_string(),
            "409 already_exists"
        );
    }
}
