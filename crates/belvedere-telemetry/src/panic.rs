//! Panics are told once, as an event with the request's context, and never on bare stderr.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    panic::PanicHookInfo,
};

use belvedere_core::{names::event, panics};

/// Replaces the default hook. Whoever catches the panic counts it; it is told here, where its place is known.
pub(crate) fn install_hook() {
    std::panic::set_hook(Box::new(tell));
}

fn tell(info: &PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    if panics::hand_over(&location, backtrace.as_deref()) {
        return;
    }
    tracing::error!(
        message = event::UNHANDLED_EXCEPTION,
        exc_type = "panic",
        exc_message = message(info),
        location,
        backtrace
    );
}

fn message<'p>(info: &'p PanicHookInfo<'_>) -> &'p str {
    info.payload_as_str().unwrap_or("not a string")
}
