//! The service's interface, told by the service: a document (OpenAPI 3.1) and a page that shows it.
//!
//! A route's author writes down what is the route's own: what goes in, what comes out, and which refusals are the domain's.
//! What is the same for all of them is added here: the answers of the framework, as far as they can come from that
//! route, the shape of a problem, `x-request-id`, and how callers say who they are.
//!
//! | path | serves |
//! |---|---|
//! | `/openapi.json` | the document |
//! | `/docs` | the page; it asks nobody but this service |
//!
//! Both are rendered once, before the service listens, and carry an `etag`.

mod answers;
mod credentials;
mod document;
mod page;
mod problem;
mod rendered;

use axum::Router;
use utoipa::openapi::OpenApi;

pub use credentials::Credentials;
pub use document::{Described, document};

/// `/openapi.json` and `/docs`.
pub fn routes(document: &OpenApi) -> Router {
    rendered::routes(document).merge(page::routes())
}

#[cfg(test)]
mod tests;
