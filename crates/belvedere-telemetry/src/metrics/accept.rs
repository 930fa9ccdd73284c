//! Which format a scraper is given (RFC 9110, section 12.5.1).

/// An exposition format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Prometheus's text format, 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// OpenMetrics for those who name it and do not like the text better; the text for all others, even where they would
    /// rather have something else: a scrape is never refused.
    pub(crate) fn of(accept: &str) -> Self {
        let ranges: Vec<_> = accept.split(',').filter_map(Range::parse).collect();
        let open_metrics = liking(&ranges, |range| range.is_open_metrics().then_some(0));
        let text = liking(&ranges, |range| range.matches_text());
        if open_metrics > 0.0 && open_metrics >= text {
            Self::OpenMetrics
        } else {
            Self::Text
        }
    }
}

/// One range of an `Accept` header.
struct Range<'a> {
    media: &'a str,
    version: Option<&'a str>,
    quality: f32,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let mut range = Self {
            media: parts.next()?,
            version: None,
            quality: 1.0,
        };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim() {
                name if name.eq_ignore_ascii_case("q") => range.quality = value.parse().ok()?,
                name if name.eq_ignore_ascii_case("version") => range.version = Some(value),
                _ => {}
            }
        }
        (0.0..=1.0).contains(&range.quality).then_some(range)
    }

    fn is_open_metrics(&self) -> bool {
        self.media
            .eq_ignore_ascii_case("application/openmetrics-text")
            && self
                .version
                .is_none_or(|version| ["1.0.0", "0.0.1"].contains(&version))
    }

    /// How exactly it says so.
    fn matches_text(&self) -> Option<u8> {
        let is_ours = self.version.is_none_or(|version| version == "0.0.4");
        match self.media.to_ascii_lowercase().as_str() {
            "text/plain" if is_ours => Some(2),
            "text/*" => Some(1),
            "*/*" => Some(0),
            _ => None,
        }
    }
}

/// The quality that the most exact of the ranges that match gives.
fn liking(ranges: &[Range<'_>], exactness: impl Fn(&Range<'_>) -> Option<u8>) -> f32 {
    let matching = ranges
        .iter()
        .filter_map(|range| Some((exactness(range)?, range.quality)));
    let best = matching.max_by(|(a, p), (b, q)| a.cmp(b).then(p.total_cmp(q)));
    best.map_or(0.0, |(_, quality)| quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_metrics_is_for_those_who_name_it() {
        let cases = [
            ("", Format::Text),
            ("*/*", Format::Text),
            ("text/html, */*;q=0.8", Format::Text),
            ("application/openmetrics-text", Format::OpenMetrics),
            (
                "Application/OpenMetrics-Text; Version=\"1.0.0\"",
                Format::OpenMetrics,
            ),
            ("application/openmetrics-text;version=2.0.0", Format::Text),
            ("application/openmetrics-text;q=0", Format::Text),
            ("application/openmetrics-text;q=x", Format::Text),
            (
                "application/openmetrics-text;q=0.4,text/plain;q=0.5",
                Format::Text,
            ),
            (
                "text/plain;q=0.5;version=0.0.4,application/openmetrics-text;q=0.5",
                Format::OpenMetrics,
            ),
            (
                "application/openmetrics-text;q=0.4,text/plain;q=0.3,*/*",
                Format::OpenMetrics,
            ),
            // Prometheus 2 and 3.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                 text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                Format::OpenMetrics,
            ),
            (
                "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                 application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                 text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                Format::OpenMetrics,
            ),
        ];
        for (accept, format) in cases {
            assert_eq!(Format::of(accept), format, "{accept}");
        }
    }
}
