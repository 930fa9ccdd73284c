use std::{fmt, str::FromStr};

use belvedere_core::{config::Knob, redact_text};
use reqwest::Url;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Where an upstream is: an `http` or `https` URL. It is shown without its query, user and password.
///
/// ```
/// use belvedere_http::UpstreamUrl;
///
/// let url: UpstreamUrl = "https://shop:hunter2@payments:8080/v1?key=hunter2".parse()?;
/// assert_eq!(url.to_string(), "https://payments:8080/v1/");
/// # Ok::<(), belvedere_http::NoUpstreamUrl>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct UpstreamUrl(Url);

/// A text that is no such URL. It says nothing of the text, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no http:// or https:// URL")]
pub struct NoUpstreamUrl;

impl UpstreamUrl {
    /// Its host, which may be an address.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Its port, or that of its scheme.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// Whether it is called by TLS.
    pub fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The URL below this one, whatever `path` says: it leads to no other host. `None` if it cannot be.
    pub(super) fn join(&self, path: &str) -> Option<Url> {
        let mut joined = self.0.join(path.trim_start_matches('/')).ok()?;
        let is_below =
            joined.origin() == self.0.origin() && joined.path().starts_with(self.0.path());
        if let Some(own) = self.0.query() {
            let query = match joined.query() {
                Some(query) => format!("{own}&{query}"),
                None => own.to_owned(),
            };
            joined.set_query(Some(&query));
        }
        is_below.then_some(joined)
    }
}

impl FromStr for UpstreamUrl {
    type Err = NoUpstreamUrl;

    fn from_str(text: &str) -> Result<Self, NoUpstreamUrl> {
        let mut url: Url = text.parse().map_err(|_| NoUpstreamUrl)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(NoUpstreamUrl);
        }
        if !url.path().ends_with('/') {
            let folder = format!("{}/", url.path());
            url.set_path(&folder);
        }
        Ok(Self(url))
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.0.origin().ascii_serialization();
        write!(f, "{origin}{}", redact_text(self.0.path()))
    }
}

impl fmt::Debug for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl Serialize for UpstreamUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UpstreamUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl Knob for UpstreamUrl {}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(base: &str, path: &str) -> Option<String> {
        let base: UpstreamUrl = base.parse().unwrap();
        base.join(path).map(|url| url.to_string())
    }

    #[test]
    fn a_path_leads_below_its_upstream_and_nowhere_else() {
        let base = "http://payments:8080/v1";
        for path in ["charges", "/charges", "//charges", "./charges"] {
            let wanted = "http://payments:8080/v1/charges";
            assert_eq!(joined(base, path).as_deref(), Some(wanted), "{path}");
        }
        for path in [
            "../admin",
            "a/../../admin",
            "%2e%2e/admin",
            "http://evil/v1/",
            "https://payments:8080/v1/",
            r"\\evil\v1\",
            "mailto:evil",
        ] {
            assert_eq!(joined(base, path), None, "{path}");
        }
    }

    #[test]
    fn a_query_of_the_upstream_is_sent_with_every_call() {
        let base = "https://maps/?key=1";
        assert_eq!(joined(base, "a").unwrap(), "https://maps/a?key=1");
        assert_eq!(joined(base, "a?b=2").unwrap(), "https://maps/a?key=1&b=2");
    }

    #[test]
    fn what_may_be_secret_is_not_shown() {
        let url: UpstreamUrl = "https://ada:hunter2@maps/v1/?key=hunter2".parse().unwrap();
        let shown = format!("{url} {url:?} {}", serde_json::to_string(&url).unwrap());
        assert!(
            !shown.contains("hunter2") && !shown.contains("ada"),
            "{shown}"
        );
    }

    #[test]
    fn what_is_no_url_is_refused_without_being_repeated() {
        for text in ["hunter2", "ftp://hunter2/", "http://", "unix:/hunter2"] {
            let quoted = serde_json::to_string(text).unwrap();
            let error = serde_json::from_str::<UpstreamUrl>(&quoted).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
