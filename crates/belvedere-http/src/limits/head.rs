use http::{HeaderMap, Request, Uri};

use super::Refusal;

/// Bytes of a request's target: what proxies take at least (RFC 9110, section 4.1).
pub(crate) const MAX_URI: usize = 8 * 1024;
/// Bytes of a request's target and headers: four times what browsers and proxies send at most.
pub(crate) const MAX_HEAD: usize = 32 * 1024;
/// Headers of a request. Below the 100 at which hyper answers by itself, without a problem or an id.
pub(crate) const MAX_HEADERS: usize = 90;

/// Refuses a head that is larger than any caller needs.
pub(crate) fn check<B>(request: &Request<B>) -> Result<(), Refusal> {
    let (target, headers) = (target_bytes(request.uri()), request.headers());
    if target > MAX_URI {
        return Err(Refusal::UriTooLong);
    }
    if headers.len() > MAX_HEADERS || target + headers_bytes(headers) > MAX_HEAD {
        return Err(Refusal::HeadTooLarge);
    }
    Ok(())
}

fn target_bytes(uri: &Uri) -> usize {
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    let authority = uri.authority().map_or(0, |host| host.as_str().len());
    path + authority
}

fn headers_bytes(headers: &HeaderMap) -> usize {
    let headers = headers.iter();
    headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum()
}
