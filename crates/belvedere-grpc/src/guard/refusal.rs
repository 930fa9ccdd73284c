use std::time::Duration;

use axum::{body::Body, response::Response};
use belvedere_http::{Failure, Problem, protect::Cut};
use http::{StatusCode, header::RETRY_AFTER};
use tonic::Status;

use crate::status;

/// When a caller that was turned away may come again: by then a busy service has answered what it had taken on.
const COME_AGAIN: Duration = Duration::from_secs(1);

pub(super) fn panicked() -> Response {
    cut(Cut::Panic, internal())
}

pub(super) fn internal() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error")
}

pub(super) fn timed_out() -> Problem {
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "deadline_exceeded")
}

pub(super) fn overloaded() -> Response {
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded");
    cut(Cut::Shed, problem.retry_after(COME_AGAIN))
}

pub(super) fn answer(problem: Problem) -> Response {
    status::status(problem).into_http()
}

fn cut(why: Cut, problem: Problem) -> Response {
    let mut response = answer(problem);
    response.extensions_mut().insert(why);
    response
}

/// What a layer refuses that knows HTTP only, said in gRPC; anything else as it is.
pub(super) fn translated(mut response: Response) -> Response {
    let Some(failure) = response.extensions_mut().remove::<Failure>() else {
        return response;
    };
    let mut problem = Problem::new(response.status(), failure.code);
    let after = response.headers().get(RETRY_AFTER);
    if let Some(seconds) = after.and_then(|after| after.to_str().ok()?.parse().ok()) {
        problem = problem.retry_after(Duration::from_secs(seconds));
    }
    let mut status: Status = status::status(problem);
    if let Some(cause) = failure.cause {
        status.set_source(cause.source.clone());
        belvedere_core::RequestContext::with(|context| context.leave_cause(cause));
    }
    status.into_http::<Body>()
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use belvedere_core::{NewRequest, context::Route, trace::Tracer};
    use tonic::Code;
    use tonic_types::StatusExt;

    use super::*;

    #[test]
    fn what_a_layer_refuses_keeps_its_cause_and_when_to_come_again() {
        let context = NewRequest::new(&Route::new("POST", "/"), "/").begin(&Tracer::off());
        let refused = Problem::internal(std::fmt::Error).retry_after(COME_AGAIN);
        let told = context.enter(|| translated(refused.into_response()));
        assert!(context.take_cause().is_some());
        let status = Status::from_header_map(told.headers()).unwrap();
        assert_eq!(status.code(), Code::Internal);
        let again = status.get_details_retry_info().unwrap().retry_delay;
        assert_eq!(again, Some(COME_AGAIN));
    }
}
