use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::TestService;

/// The user that calls are made for.
const USER: &str = "ada";

/// On whose behalf calls are made.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'s> {
    pub(super) service: &'s TestService,
    pub(super) tenant: Option<&'s str>,
    pub(super) token: Option<&'s str>,
}

impl Caller<'_> {
    /// `GET`.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    /// Anything else.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .service
            .client
            .request(method, format!("http://{}{path}", self.service.http));
        let request = match self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        match self.tenant {
            Some(tenant) => request
                .header("x-tenant-id", tenant)
                .header("x-user-id", USER),
            None => request,
        }
    }
}

/// What the service answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    headers: reqwest::header::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// Sends a request and reads all of its answer.
    ///
    /// # Panics
    ///
    /// There is none.
    pub async fn of(request: RequestBuilder) -> Self {
        let answer = request.send().await.expect("the service answers");
        Self {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer
                .bytes()
                .await
                .expect("the answer has an end")
                .to_vec(),
        }
    }

    /// The body as JSON, `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text; what is not UTF-8 in it is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, empty when there is none.
    pub fn header(&self, name: &str) -> String {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    }

    /// `x-request-id`.
    pub fn request_id(&self) -> String {
        self.header("x-request-id")
    }
}
