use belvedere_core::Redactor;
use sentry_core::protocol::Event;

/// An event without anything secret. One that cannot be looked through is not sent.
pub(crate) fn scrub(event: &Event<'static>, redactor: &Redactor) -> Option<Event<'static>> {
    let mut tree = serde_json::to_value(event).ok()?;
    redactor.redact_json(&mut tree);
    let mut scrubbed: Event<'static> = serde_json::from_value(tree).ok()?;
    scrubbed.server_name = None;
    scrubbed.user = None;
    scrubbed.request = None;
    Some(scrubbed)
}

#[cfg(test)]
mod tests {
    use sentry_core::protocol::{Request, User};

    use super::*;

    #[test]
    fn nothing_secret_and_nobody_is_in_an_event_that_leaves() {
        let mut event = Event {
            message: Some("from redis://:hunter2@cache".to_owned()),
            user: Some(User {
                email: Some("ada@example.com".to_owned()),
                ..User::default()
            }),
            request: Some(Request {
                cookies: Some("id=hunter2".to_owned()),
                ..Request::default()
            }),
            ..Event::default()
        };
        event.extra.insert("api_key".to_owned(), "hunter2".into());
        event
            .tags
            .insert("note".to_owned(), "Bearer hunter2".to_owned());
        let id = event.event_id;
        let scrubbed = scrub(&event, &Redactor::default()).unwrap();
        let text = serde_json::to_string(&scrubbed).unwrap();
        assert!(
            !text.contains("hunter2") && !text.contains("ada@"),
            "{text}"
        );
        assert_eq!(scrubbed.event_id, id);
    }
}
