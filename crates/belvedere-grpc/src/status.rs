//! Failures as gRPC tells them: a code, a message, and `google.rpc.Status` details.

use std::{borrow::Cow, collections::HashMap};

use belvedere_core::RequestContext;
use belvedere_http::{Problem, ProblemParts};
use http::HeaderMap;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::code;

/// A failure as a handler returns it: [`Problem`], or a domain error that implements [`AsFailure`](belvedere_core::AsFailure).
///
/// It says what the HTTP problem would: `ErrorInfo.reason` is the stable code, `RequestInfo` and `ErrorInfo.metadata` name
/// request and trace, `BadRequest` has what is wrong in each field, `RetryInfo` when to come again. The error behind it is
/// logged once, and never sent.
///
/// A service has `?` make one with a line for each of its errors:
///
/// ```
/// use belvedere_core::{AsFailure, Failure};
/// use tonic::Status;
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("there is no such order")]
/// struct NotFound;
///
/// impl AsFailure for NotFound {
///     fn as_failure(&self) -> Failure {
///         Failure::new(404, "order_not_found").detail(self.to_string())
///     }
/// }
///
/// impl From<NotFound> for Status {
///     fn from(error: NotFound) -> Self {
///         belvedere_grpc::status(error)
///     }
/// }
///
/// fn find(id: u64) -> Result<u64, NotFound> {
///     (id == 7).then_some(id).ok_or(NotFound)
/// }
///
/// fn handler(id: u64) -> Result<u64, Status> {
///     Ok(find(id)?)
/// }
///
/// assert_eq!(handler(8).unwrap_err().code(), tonic::Code::NotFound);
/// ```
pub fn status(problem: impl Into<Problem>) -> Status {
    let ProblemParts {
        status,
        code,
        detail,
        errors,
        retry_after,
        cause,
        ..
    } = problem.into().into_parts();
    if let Some(cause) = cause {
        RequestContext::with(|context| context.leave_cause(cause));
    }
    let mut told = Told::new(&code);
    for error in errors {
        told.0.add_bad_request_violation(error.field, error.message);
    }
    if let Some(after) = retry_after {
        told.0.set_retry_info(Some(after));
    }
    let message = detail.as_deref().unwrap_or(&code);
    told.status(code::of_http(status), message)
}

/// Sees to it that a status which was made otherwise names its request, and says nothing of our inside. Returns what it said.
pub(crate) fn complete(headers: &mut HeaderMap, code: Code) -> Option<String> {
    if headers.contains_key(Status::GRPC_STATUS_DETAILS) {
        return None;
    }
    let said = Status::from_header_map(headers)?.message().to_owned();
    let reason = code::name(code).to_ascii_lowercase();
    let may_tell = !code::is_failure(code) && !said.is_empty();
    let message = if may_tell { &said } else { &reason };
    // What it refuses is in no message of ours.
    let _ = Told::new(&reason).status(code, message).add_header(headers);
    Some(said)
}

/// The `reason` of a status that [`status`] has made, or [`complete`].
pub(crate) fn reason(headers: &HeaderMap) -> Option<Cow<'static, str>> {
    let status = Status::from_header_map(headers)?;
    let info = status.get_error_details().error_info().cloned()?;
    Some(info.reason.into())
}

/// Details that name the running request.
struct Told(ErrorDetails);

impl Told {
    fn new(reason: &str) -> Self {
        let mut details = ErrorDetails::new();
        let known = RequestContext::with(|context| {
            details.set_request_info(context.request_id(), "");
            let service = context
                .route()
                .split('/')
                .next()
                .unwrap_or_default()
                .to_owned();
            (service, HashMap::from([trace_of(context)]))
        });
        let (domain, metadata) = known.unwrap_or_default();
        details.set_error_info(reason, domain, metadata);
        Self(details)
    }

    /// A message is what people report: it names the trace.
    fn status(self, code: Code, message: &str) -> Status {
        let trace = RequestContext::with(|context| context.trace_id());
        let message = trace.map_or_else(
            || message.to_owned(),
            |trace| format!("{message} [trace {trace}]"),
        );
        Status::with_error_details(code, message, self.0)
    }
}

fn trace_of(context: &RequestContext) -> (String, String) {
    ("trace_id".to_owned(), context.trace_id().to_string())
}
