use std::cell::Cell;

use belvedere_core::names::event;

use super::transport::{Partial, SendError};

/// How a back end has behaved so far. Only changes are told: the counter tells how much is lost.
#[derive(Debug, Default)]
pub(crate) struct Outlook(Cell<State>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Good,
    /// It takes everything, and objects to something (OTLP specification, "Partial Success").
    Objecting,
    Failing,
}

impl Outlook {
    pub(super) fn tell(&self, url: &str, sent: &Result<Partial, SendError>) {
        let state = State::of(sent);
        let before = self.0.replace(state);
        if before == state {
            return;
        }
        if before == State::Failing {
            tracing::info!(message = event::TELEMETRY_EXPORT_RECOVERED, url);
        }
        let error = said(sent);
        match state {
            State::Good => {}
            State::Objecting => {
                tracing::warn!(message = event::TELEMETRY_EXPORT_WARNED, url, error);
            }
            State::Failing => {
                tracing::warn!(message = event::TELEMETRY_EXPORT_FAILED, url, error);
            }
        }
    }
}

impl State {
    const fn of(sent: &Result<Partial, SendError>) -> Self {
        match sent {
            Ok(Partial { rejected: 0, why }) if why.is_empty() => Self::Good,
            Ok(Partial { rejected: 0, .. }) => Self::Objecting,
            _ => Self::Failing,
        }
    }
}

fn said(sent: &Result<Partial, SendError>) -> String {
    match sent {
        Ok(Partial { rejected: 0, why }) => why.clone(),
        Ok(Partial { rejected, why }) => format!("{rejected} rejected: {why}"),
        Err(error) => error.to_string(),
    }
}
