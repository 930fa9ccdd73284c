use axum::extract::Request;
use belvedere_telemetry::Beside;

pub(crate) use belvedere_sentry::Errors;
pub use belvedere_sentry::SentryConfig;

/// What binds the hub of a request.
pub(crate) type BindHub = belvedere_sentry::BindHub<Request>;

/// What telemetry has to know of it.
pub(crate) fn beside(errors: &Errors) -> Beside {
    Beside {
        layer: errors.layer().map(|layer| Box::new(layer) as _),
        why: errors.why(),
        spans: errors.spans(),
        why_spans: errors.why_spans(),
    }
}
