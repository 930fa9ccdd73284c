//! Which pages of other origins may call.

use std::time::Duration;

use belvedere_core::{config::ConfigError, propagation::header};
use http::{
    HeaderName, HeaderValue, Uri,
    header::{LOCATION, RETRY_AFTER},
};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

use crate::HttpConfig;

/// Any origin.
const ANY: &str = "*";
/// How long a browser need not ask again. Chromium remembers no longer than two hours, whatever it is told.
const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);
/// What a page may read of an answer besides what every page may.
const EXPOSED: [HeaderName; 6] = [
    HeaderName::from_static(header::REQUEST_ID),
    LOCATION,
    RETRY_AFTER,
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    HeaderName::from_static("ratelimit-reset"),
];

/// The layer that tells browsers that pages of `HTTP__CORS_ORIGINS` may call; none when nobody's may.
///
/// It answers preflights (every `OPTIONS`) by itself, before anybody is asked who he is: a browser asks them without.
pub fn cors(config: &HttpConfig) -> Option<CorsLayer> {
    if config.cors_origins.is_empty() {
        return None;
    }
    let layer = CorsLayer::new()
        .allow_origin(origins(&config.cors_origins))
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .allow_credentials(config.cors_credentials)
        .expose_headers(EXPOSED)
        .max_age(MAX_AGE);
    Some(layer)
}

fn origins(origins: &[String]) -> AllowOrigin {
    if origins.iter().any(|origin| origin == ANY) {
        return AllowOrigin::any();
    }
    let origins = origins.iter();
    AllowOrigin::list(origins.filter_map(|origin| HeaderValue::from_str(origin).ok()))
}

/// What cannot be an origin, and what no browser would obey.
pub(crate) fn check(config: &HttpConfig) -> Result<(), ConfigError> {
    let refuse = |message: String| Err(ConfigError::new("HTTP__CORS_ORIGINS", message));
    let origins = &config.cors_origins;
    if let Some(wrong) = origins.iter().find(|origin| !is_origin(origin)) {
        return refuse(format!(
            "{wrong:?} is not valid: an origin is `https://host` or `https://host:port`, or `*` for all"
        ));
    }
    let takes_any = origins.iter().any(|origin| origin == ANY);
    if takes_any && config.cors_credentials {
        return refuse(
            "`*` and HTTP__CORS_CREDENTIALS=true together would let every page act for its visitor"
                .to_owned(),
        );
    }
    if takes_any && origins.len() > 1 {
        return refuse("`*` stands alone".to_owned());
    }
    Ok(())
}

/// Scheme, host and port as a browser writes them: in lower case, and nothing behind (RFC 6454, section 6.2).
fn is_origin(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else {
        return false;
    };
    let Some((scheme, authority)) = uri.scheme_str().zip(uri.authority()) else {
        return text == ANY;
    };
    let is_web = scheme == "https" || scheme == "http";
    is_web
        && !authority.as_str().contains('@')
        && text == format!("{scheme}://{authority}").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(origins: &[&str], cors_credentials: bool) -> Result<(), ConfigError> {
        check(&HttpConfig {
            cors_origins: origins.iter().map(ToString::to_string).collect(),
            cors_credentials,
            ..HttpConfig::default()
        })
    }

    #[test]
    fn nobody_may_unless_somebody_is_named() {
        assert!(cors(&HttpConfig::default()).is_none());
    }

    #[test]
    fn origins_are_those_that_a_browser_sends() {
        let good = ["https://shop.example", "http://localhost:5173"];
        assert!(checked(&good, true).is_ok());
        for bad in [
            "shop.example",
            "https://shop.example/",
            "https://Shop.example",
            "https://ada@shop.example",
            "ftp://shop.example",
            "null",
            "",
        ] {
            assert!(checked(&[bad], false).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn all_origins_are_not_to_be_had_with_credentials_or_beside_others() {
        assert!(checked(&["*"], false).is_ok());
        assert!(checked(&["*"], true).is_err());
        assert!(checked(&["*", "https://shop.example"], false).is_err());
    }
}
