use std::time::Duration;

use reqwest::{Client, Response, Url, redirect::Policy};

use super::set::SetError;

/// Longest time for a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest time for a whole answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Ten times what issuers send that put whole certificates in.
const MAX_BODY: usize = 256 * 1024;

/// Why there are no new keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("the issuer did not answer")]
    NoAnswer(#[source] reqwest::Error),
    #[error("the issuer answered {0}")]
    Status(u16),
    #[error("the answer has more than {MAX_BODY} bytes")]
    TooLarge,
    #[error(transparent)]
    Set(#[from] SetError),
}

/// Certificates are verified, as everywhere; redirects, which could lead past https, are not followed.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .redirect(Policy::none())
        .build()
}

pub(super) async fn fetch(client: &Client, url: &Url) -> Result<Vec<u8>, FetchError> {
    let answer = client.get(url.clone()).send().await.map_err(no_answer)?;
    let status = answer.status();
    if !status.is_success() {
        return Err(FetchError::Status(status.as_u16()));
    }
    read(answer).await
}

async fn read(mut answer: Response) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(no_answer)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Its URL may hold a password.
fn no_answer(error: reqwest::Error) -> FetchError {
    FetchError::NoAnswer(error.without_url())
}
