#![doc = include_str!("../README.md")]

mod arguments;
mod expand;
mod label;
mod shape;

use expand::Kind;
use proc_macro::TokenStream;

/// Makes a span of every call, below the one that it is called in: nothing outside of requests and transactions.
///
/// See the [crate's documentation](crate) for its arguments.
#[proc_macro_attribute]
pub fn capture_span(arguments: TokenStream, function: TokenStream) -> TokenStream {
    expand::expand(Kind::Span, arguments.into(), function.into()).into()
}

/// Makes a transaction of every call outside of requests: a root span with a context of its own, whose `trace_id` stands in its log
/// lines, whether or not anything is exported. Inside of a request or another transaction it is a span.
///
/// See the [crate's documentation](crate) for its arguments.
#[proc_macro_attribute]
pub fn capture_transaction(arguments: TokenStream, function: TokenStream) -> TokenStream {
    expand::expand(Kind::Transaction, arguments.into(), function.into()).into()
}

/// Makes label values of an enum's variants, in snake case: a closed set.
#[proc_macro_derive(Label)]
pub fn label(item: TokenStream) -> TokenStream {
    label::expand(item.into()).into()
}
