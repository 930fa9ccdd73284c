use super::*;

/// Four ways to name a trace, each another one; the strongest first.
const WAYS: [(&str, &str); 5] = [
    (
        "traceparent",
        "00-11111111111111111111111111111111-00f067aa0ba902b7-01",
    ),
    (
        "elastic-apm-traceparent",
        "00-22222222222222222222222222222222-00f067aa0ba902b7-01",
    ),
    ("b3", "33333333333333333333333333333333-00f067aa0ba902b7-1"),
    ("x-b3-traceid", "44444444444444444444444444444444"),
    ("x-b3-spanid", "00f067aa0ba902b7"),
];

fn first_digit(caller: &Caller) -> Option<char> {
    caller.parent()?.trace_id.to_string().chars().next()
}

#[test]
fn the_first_that_is_well_formed_counts_whatever_the_order_of_headers() {
    for (skipped, digit) in [(0, '1'), (1, '2'), (2, '3'), (3, '4')] {
        let mut headers = WAYS[skipped..].to_vec();
        assert_eq!(first_digit(&trusted(&headers, &all())), Some(digit));
        headers.reverse();
        assert_eq!(first_digit(&trusted(&headers, &all())), Some(digit));
    }
}

#[test]
fn what_is_malformed_or_there_twice_is_as_if_it_were_not_there() {
    let mut headers = WAYS;
    for (at, digit) in ['2', '3', '4'].into_iter().enumerate() {
        headers[at].1 = "malformed";
        assert_eq!(first_digit(&trusted(&headers, &all())), Some(digit));
    }
    for (at, digit) in ['2', '3', '4'].into_iter().enumerate() {
        let mut headers = WAYS[at..].to_vec();
        headers.push(WAYS[at]);
        headers.push(WAYS[at]);
        assert_eq!(first_digit(&trusted(&headers, &all())), Some(digit));
    }
}

#[test]
fn only_what_is_switched_on_is_read_and_sent() {
    for (on, digit, sent) in [
        ("tracecontext", Some('1'), "traceparent"),
        ("b3", Some('3'), "b3"),
        (
            "b3multi",
            Some('4'),
            "x-b3-sampled x-b3-spanid x-b3-traceid",
        ),
        ("baggage", None, ""),
        ("none", None, ""),
    ] {
        assert_eq!(first_digit(&trusted(&WAYS, &only(on))), digit, "{on}");
        let names: Vec<_> = handed_on(&WAYS, &only(on)).into_keys().collect();
        assert_eq!(names.join(" "), sent, "{on}");
    }
}

#[test]
fn tracestate_and_baggage_are_handed_on_as_they_came() {
    let headers = [
        ("tracestate", "foo=1 , bar=2"),
        ("traceparent", W3C),
        ("baggage", "plan=a%20b;x, secret=1"),
        ("tracestate", "baz=3"),
    ];
    let sent = handed_on(&headers, &all());
    assert_eq!(sent["tracestate"], "foo=1 , bar=2,baz=3");
    assert_eq!(sent["baggage"], "plan=a%20b;x");
    let context = NewRequest::new(&Route::new("GET", "/"), "/")
        .caller(trusted(&headers, &all()))
        .begin(&Tracer::off());
    assert_eq!(context.baggage("plan").as_deref(), Some("a b"));
    assert_eq!(context.baggage("secret"), None);
}

#[test]
fn a_malformed_tracestate_is_dropped_alone() {
    let headers = [("traceparent", W3C), ("tracestate", "foo=1,BAR=2")];
    assert_eq!(told(&trusted(&headers, &all())).1, Some(true));
    assert!(!handed_on(&headers, &all()).contains_key("tracestate"));
}

#[test]
fn a_tracestate_without_its_traceparent_means_nothing() {
    let state = ("tracestate", "foo=1");
    for other in [("traceparent", "malformed"), ("b3", WAYS[2].1)] {
        let sent = handed_on(&[state, other], &all());
        assert!(!sent.contains_key("tracestate"), "{other:?}");
    }
}

#[test]
fn baggage_needs_its_propagator_and_its_keys() {
    let headers = [("baggage", "plan=a")];
    assert!(handed_on(&headers, &all()).contains_key("baggage"));
    assert!(!handed_on(&headers, &only("tracecontext")).contains_key("baggage"));
    let sent = handed_on(&headers, &Propagation::default());
    assert_eq!(sent.into_keys().collect::<Vec<_>>(), ["traceparent"]);
}

#[test]
fn of_a_stranger_nothing_but_a_link_is_left() {
    let more = [
        ("tracestate", "foo=1"),
        ("baggage", "plan=a"),
        ("x-b3-flags", "1"),
    ];
    for way in [&WAYS[..1], &WAYS[1..2], &WAYS[2..3], &WAYS[3..]] {
        let headers = [way, &more].concat();
        let caller = stranger(&headers, &all());
        assert_eq!(told(&caller), (None, None));
        assert!(caller.link().is_some(), "{way:?}");
        assert!(caller.carried.is_none());
    }
    for decision in [("b3", "d"), ("x-b3-sampled", "1")] {
        let caller = stranger(&[decision], &all());
        assert_eq!((told(&caller), caller.link()), ((None, None), None));
    }
}

#[test]
fn nobody_is_asked_about_a_request_without_a_caller() {
    let asked = || -> bool { panic!("nothing has to be believed") };
    let headers = [("x-request-id", "an-id-of-its-own"), ("accept", "*/*")];
    let caller = incoming(&headers).caller(&all(), asked);
    assert_eq!((told(&caller), caller.link()), ((None, None), None));
}

#[test]
fn a_request_id_is_taken_only_when_it_is_clean() {
    let long = "x".repeat(129);
    let taken = |id| incoming(&[("x-request-id", id)]).request_id().is_some();
    assert!(taken("client-1.A_b"));
    for unclean in [
        "short",
        "has a space in it",
        &long,
        "quote\"quote",
        "gr\u{fc}ngr\u{fc}n",
    ] {
        assert!(!taken(unclean), "{unclean}");
    }
    assert_eq!(incoming(&[]).request_id(), None);
}
