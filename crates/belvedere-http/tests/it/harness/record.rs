use belvedere_testing::CapturedSpan;

use super::{Event, Service};

/// What one request has left behind, the same in every signal.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) outcome: String,
    pub(crate) status: u16,
    pub(crate) exceptions: Vec<Event>,
    pub(crate) completed: Event,
    pub(crate) span: Option<CapturedSpan>,
}

impl Record {
    /// Fails unless log, metrics and spans have each seen exactly one request.
    pub(crate) fn sole(service: &Service) -> Self {
        let mut completed = service.logs.completed();
        assert_eq!(completed.len(), 1, "request_completed: {completed:?}");
        let completed = completed.remove(0);
        let status = completed.field("status_code");
        let requests = service.metrics.series("http_requests_total");
        let ones: Vec<_> = requests.iter().filter(|(_, value)| *value > 0.0).collect();
        assert_eq!(ones.len(), 1, "{requests:?}");
        assert_eq!(ones[0].1, 1.0, "{requests:?}");
        assert!(
            ones[0].0.contains(&format!("status=\"{status}\"")),
            "{status}: {requests:?}"
        );
        let measured = service
            .metrics
            .sum("http_request_duration_seconds_count", &[]);
        assert_eq!(measured, 1.0, "durations");
        assert_eq!(service.active(), 0.0, "active requests");
        let mut spans = service.spans.servers();
        assert!(spans.len() <= 1, "{spans:?}");
        Self {
            outcome: completed.field("outcome").to_owned(),
            status: status.parse().unwrap(),
            exceptions: service.logs.exceptions(),
            span: spans.pop(),
            completed,
        }
    }

    /// Outcome, status, and how often the failure was told.
    pub(crate) fn summary(&self) -> (&str, u16, usize) {
        (&self.outcome, self.status, self.exceptions.len())
    }

    /// What the server span says under a key.
    pub(crate) fn attribute(&self, key: &str) -> String {
        let span = self.span.as_ref().expect("a server span");
        attribute(span, key)
    }
}

/// What a span says under a key; empty if nothing.
pub(crate) fn attribute(span: &CapturedSpan, key: &str) -> String {
    span.get(key).unwrap_or_default().to_owned()
}
