//! Images by a tag that stays what it is.

/// Whether an image has a version, or a digest: `latest`, or no tag at all, is another image tomorrow.
pub(super) fn is_pinned(image: &str) -> bool {
    if let Some((_, digest)) = image.split_once("@sha256:") {
        return digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let name = image.rsplit('/').next().unwrap_or_default();
    name.split_once(':').is_some_and(|(_, tag)| is_version(tag))
}

/// `17.6-bookworm` is one, `17` may be any of its kind.
pub(super) fn is_version(tag: &str) -> bool {
    let number = tag
        .trim_start_matches('v')
        .split('-')
        .next()
        .unwrap_or_default();
    let parts: Vec<_> = number.split('.').collect();
    parts.len() >= 2 && parts.iter().all(|part| part.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_or_a_digest_is_pinned_and_nothing_else_is() {
        let digest = format!("gcr.io/distroless/cc:nonroot@sha256:{}", "0a".repeat(32));
        for image in ["postgres:17.6-bookworm", "prom/prometheus:v3.5.0", &digest] {
            assert!(is_pinned(image), "{image}");
        }
        for image in [
            "postgres",
            "postgres:latest",
            "postgres:17",
            "localhost:5000/shop",
            "gcr.io/distroless/cc:nonroot",
            "cc@sha256:0a",
        ] {
            assert!(!is_pinned(image), "{image}");
        }
    }
}
