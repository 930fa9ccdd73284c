//! What `promtool check metrics` would say of a name, at compile time.

use super::declared::Kind;

/// Endings that a histogram gives its series.
const TAKEN: [&str; 3] = ["_bucket", "_count", "_sum"];

/// Fails the build where a name is not as Prometheus wants it.
pub(super) const fn name(name: &str, kind: Kind) {
    assert!(
        is_snake_case(name),
        "the name of a metric is lower snake case"
    );
    let is_total = ends_with(name, "_total");
    match kind {
        Kind::Counter => assert!(is_total, "the name of a counter ends in `_total`"),
        Kind::Money => {}
        Kind::Gauge | Kind::Histogram => {
            assert!(!is_total, "only the name of a counter ends in `_total`");
        }
    }
    let mut at = 0;
    while at < TAKEN.len() {
        assert!(
            !ends_with(name, TAKEN[at]),
            "`_bucket`, `_count` and `_sum` are what histograms end their series with"
        );
        at += 1;
    }
}

/// The same for a label.
pub(super) const fn label(name: &str) {
    assert!(
        is_snake_case(name),
        "the name of a label is lower snake case"
    );
    assert!(
        !is(name, "le") && !is(name, "quantile"),
        "`le` and `quantile` are what Prometheus labels buckets with"
    );
    assert!(
        !(name.len() > 1 && name.as_bytes()[0] == b'_' && name.as_bytes()[1] == b'_'),
        "labels that begin with `__` are Prometheus's own"
    );
}

/// Upper ends of buckets rise.
pub(super) const fn bounds(bounds: &[f64]) {
    let mut at = 1;
    while at < bounds.len() {
        assert!(bounds[at - 1] < bounds[at], "buckets rise");
        at += 1;
    }
}

const fn is_snake_case(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes[0].is_ascii_digit() {
        return false;
    }
    let mut at = 0;
    while at < bytes.len() {
        if !matches!(bytes[at], b'a'..=b'z' | b'0'..=b'9' | b'_') {
            return false;
        }
        at += 1;
    }
    true
}

const fn is(a: &str, b: &str) -> bool {
    a.len() == b.len() && ends_with(a, b)
}

const fn ends_with(name: &str, end: &str) -> bool {
    let (name, end) = (name.as_bytes(), end.as_bytes());
    let mut left = end.len();
    if left > name.len() {
        return false;
    }
    while left > 0 {
        left -= 1;
        if name[name.len() - end.len() + left] != end[left] {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn names_that_no_metric_should_have_are_refused() {
        let refuses = |word, kind| catch_unwind(|| name(word, kind)).is_err();
        for (word, kind) in [
            ("orders", Kind::Counter),
            ("orders_total", Kind::Gauge),
            ("orders_total", Kind::Histogram),
            ("order_count", Kind::Gauge),
            ("Orders_total", Kind::Counter),
            ("2nd_total", Kind::Counter),
        ] {
            assert!(refuses(word, kind), "{word} {kind:?}");
        }
        assert!(!refuses("revenue_total_usd", Kind::Money));
        assert!(!refuses("orders_total", Kind::Counter));
        assert!(!refuses("parcel_weight_kilograms", Kind::Histogram));
    }

    #[test]
    fn labels_that_prometheus_keeps_for_itself_are_refused() {
        for word in ["le", "quantile", "__name", "Tenant", ""] {
            assert!(catch_unwind(|| label(word)).is_err(), "{word}");
        }
        label("tenant_id");
        label("role");
        assert!(catch_unwind(|| bounds(&[1.0, 1.0])).is_err());
    }
}
