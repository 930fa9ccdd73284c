//! What one request may take, and one route more or less of it than the others.
//!
//! [`ProtectLayer`](crate::protect::ProtectLayer) holds every request to these limits, and answers in their name: a handler
//! needs to know none of them. `docs/LIMITS.md` has all numbers. A route whose bodies are of another kind says so itself:
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::{Router, body::Bytes, routing::post};
//! use belvedere_http::limits::BodyLimit;
//!
//! async fn upload(body: Bytes) -> String {
//!     format!("{} bytes", body.len())
//! }
//!
//! let videos = BodyLimit::new().bytes(64 << 20).time(Duration::from_secs(300));
//! let router: Router = Router::new().route("/videos", post(upload).layer(videos));
//! ```

mod allowance;
mod body;
mod crowd;
mod decode;
mod depth;
mod head;
mod refusal;
mod route;

pub(crate) use allowance::{Allowance, Cut};
pub(crate) use body::LimitedBody;
pub use crowd::{Crowd, Place};
pub(crate) use decode::{Encoding, decoded};
pub(crate) use depth::{MAX_JSON_DEPTH, is_too_deep};
pub(crate) use head::check as check_head;
pub(crate) use refusal::Refusal;
pub(crate) use route::largest;
pub use route::{BodyLimit, BodyLimited, ResponseFuture};
