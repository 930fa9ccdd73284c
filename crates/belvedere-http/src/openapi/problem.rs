//! What is the same in every answer: the shape of a problem, and two headers.

use utoipa::openapi::{
    Header, RefOr, Schema, Type,
    header::HeaderBuilder,
    schema::{ArrayBuilder, Object, ObjectBuilder},
};

use crate::observe::REQUEST_ID;

/// In `components.schemas`.
pub(super) const PROBLEM: &str = "Problem";
/// In `components.headers`.
pub(super) const RETRY_AFTER: &str = "retry-after";

/// RFC 9457, section 3.1, with our extension members.
pub(super) fn schema() -> RefOr<Schema> {
    let errors = ArrayBuilder::new()
        .items(field_error())
        .description(Some("What is wrong with each field of the input."));
    ObjectBuilder::new()
        .description(Some("An error (RFC 9457)."))
        .property("type", text("What kind of problem this is, as a URI."))
        .property("title", text("The status in words."))
        .property("status", Object::with_type(Type::Integer))
        .property(
            "detail",
            text("What is wrong, for people; never from 500 on."),
        )
        .property("instance", text("The path of the request."))
        .property(
            "error",
            text("What is wrong, for programs: stable, `snake_case`."),
        )
        .property(
            "request_id",
            text("As in the header, and in the service's log."),
        )
        .property("trace_id", text("As in the service's log and traces."))
        .property("errors", errors)
        .required("type")
        .required("title")
        .required("status")
        .required("error")
        .into()
}

fn field_error() -> ObjectBuilder {
    ObjectBuilder::new()
        .property(
            "field",
            text("Dotted path, such as `items[0].quantity`; empty for all of the input."),
        )
        .property("message", text("For people."))
        .required("field")
        .required("message")
}

/// For `components.headers`.
pub(super) fn headers() -> [(String, Header); 2] {
    let id = "The id of this request in the service's log: the caller's own, if it sent one that fits, else a new one.";
    let seconds = "Seconds after which another try may do.";
    [
        (REQUEST_ID.as_str().to_owned(), header(Type::String, id)),
        (RETRY_AFTER.to_owned(), header(Type::Integer, seconds)),
    ]
}

fn header(kind: Type, description: &str) -> Header {
    let schema = Object::with_type(kind);
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(description))
        .build()
}

fn text(description: &str) -> Object {
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.description(Some(description)).build()
}
