//! The one line that is printed.

use std::time::Duration;

/// Latencies in any order; sorts them.
pub(crate) fn report(latencies: &mut [Duration], seconds: f64) -> String {
    latencies.sort_unstable();
    let requests = latencies.len();
    let micros = |permille: usize| {
        let at = (requests * permille / 1000).min(requests.saturating_sub(1));
        latencies.get(at).map_or(0, Duration::as_micros)
    };
    format!(
        "{{\"requests\":{requests},\"seconds\":{seconds:.6},\"p50_us\":{},\"p99_us\":{},\"p999_us\":{},\"max_us\":{}}}",
        micros(500),
        micros(990),
        micros(999),
        micros(1000)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_holds_quantiles() {
        let mut latencies: Vec<_> = (1..=100).rev().map(Duration::from_micros).collect();
        let expected = r#"{"requests":100,"seconds":0.500000,"p50_us":51,"p99_us":100,"p999_us":100,"max_us":100}"#;
        assert_eq!(report(&mut latencies, 0.5), expected);
    }
}
