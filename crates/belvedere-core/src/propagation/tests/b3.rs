use super::*;

fn single(header: &str) -> (Option<String>, Option<bool>) {
    told(&trusted(&[("b3", header)], &only("b3")))
}

fn multi(headers: Headers<'_>) -> (Option<String>, Option<bool>) {
    told(&trusted(headers, &only("b3multi")))
}

#[test]
fn a_good_single_header_is_continued() {
    let ids = format!("{TRACE}-{SPAN}");
    let short = format!("a3ce929d0e0e4736-{SPAN}");
    let padded = format!("0000000000000000{short}");
    for (header, wanted, verdict) in [
        (ids.clone(), &ids, None),
        (format!("{ids}-1"), &ids, Some(true)),
        (format!("{ids}-0"), &ids, Some(false)),
        (format!("{ids}-d"), &ids, Some(true)),
        (format!("{ids}-true"), &ids, Some(true)),
        (format!("{ids}-false"), &ids, Some(false)),
        (format!("{ids}-1-05e3ac9a4f6e3b90"), &ids, Some(true)),
        (format!(" {ids}-1\t"), &ids, Some(true)),
        (short.clone(), &padded, None),
        (format!("{short}-d"), &padded, Some(true)),
    ] {
        assert_eq!(single(&header), (Some(wanted.clone()), verdict), "{header}");
    }
}

#[test]
fn a_decision_may_come_without_a_trace() {
    for (state, verdict) in [("0", false), ("1", true), ("d", true)] {
        assert_eq!(single(state), (None, Some(verdict)));
        let flags = if state == "d" { "1" } else { "0" };
        let headers = [("x-b3-sampled", state), ("x-b3-flags", flags)];
        assert_eq!(multi(&headers), (None, Some(verdict)));
    }
}

#[test]
fn a_malformed_single_header_is_none() {
    let zeros = "0".repeat(32);
    for bad in [
        String::new(),
        "-".into(),
        "2".into(),
        "00".into(),
        "D".into(),
        TRACE.into(),
        format!("{TRACE}-"),
        format!("-{SPAN}"),
        format!("{TRACE}-{SPAN}-"),
        format!("{TRACE}-{SPAN}-2"),
        format!("{TRACE}-{SPAN}-D"),
        format!("{TRACE}-{SPAN}-1-"),
        format!("{TRACE}-{SPAN}-1-{}", &SPAN[1..]),
        format!("{TRACE}-{SPAN}-1-{SPAN}-1"),
        format!("{TRACE}-{SPAN}-{SPAN}"),
        format!("{TRACE} - {SPAN}"),
        format!("{TRACE}-{}", &SPAN[1..]),
        format!("{TRACE}-{SPAN}0"),
        format!("{}-{SPAN}", &TRACE[1..]),
        format!("{}-{SPAN}", &TRACE[..15]),
        format!("{}-{SPAN}", &TRACE[..17]),
        format!("{TRACE}0-{SPAN}"),
        format!("{}-{SPAN}", TRACE.to_uppercase()),
        format!("{TRACE}-{}", SPAN.to_uppercase()),
        format!("{zeros}-{SPAN}"),
        format!("{}-{SPAN}", &zeros[..16]),
        format!("{TRACE}-{}", &zeros[..16]),
        format!("{}\u{e9}-{SPAN}", &TRACE[2..]),
        format!("{TRACE}-{SPAN}-1,{TRACE}-{SPAN}-1"),
        W3C.into(),
    ] {
        assert_eq!(single(&bad), (None, None), "{bad}");
    }
}

#[test]
fn good_multiple_headers_are_continued() {
    let wanted = Some(format!("{TRACE}-{SPAN}"));
    let ids = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)];
    for (more, verdict) in [
        (None, None),
        (Some(("x-b3-sampled", "1")), Some(true)),
        (Some(("x-b3-sampled", "0")), Some(false)),
        (Some(("x-b3-sampled", "true")), Some(true)),
        (Some(("x-b3-sampled", "d")), None),
        (Some(("x-b3-sampled", "yes")), None),
        (Some(("x-b3-flags", "1")), Some(true)),
        (Some(("x-b3-flags", "0")), None),
        (Some(("x-b3-parentspanid", "not looked at")), None),
    ] {
        let headers: Vec<_> = ids.into_iter().chain(more).collect();
        assert_eq!(multi(&headers), (wanted.clone(), verdict), "{more:?}");
    }
    let short = [("x-b3-traceid", &TRACE[16..]), ("x-b3-spanid", SPAN)];
    let padded = format!("{}{}-{SPAN}", "0".repeat(16), &TRACE[16..]);
    assert_eq!(multi(&short), (Some(padded), None));
}

#[test]
fn debug_is_stronger_than_a_denial_beside_it() {
    let headers = [("x-b3-sampled", "0"), ("x-b3-flags", "1")];
    assert_eq!(multi(&headers), (None, Some(true)));
}

#[test]
fn bad_ids_leave_the_decision_of_multiple_headers() {
    for ids in [
        [("x-b3-traceid", TRACE), ("x-b3-spanid", "")],
        [("x-b3-traceid", TRACE), ("x-b3-traceid", TRACE)],
        [("x-b3-traceid", TRACE), ("x-b3-spanid", TRACE)],
        [("x-b3-traceid", "0000000000000000"), ("x-b3-spanid", SPAN)],
        [("x-b3-spanid", SPAN), ("x-b3-flags", "0")],
    ] {
        let mut headers = ids.to_vec();
        assert_eq!(multi(&headers), (None, None), "{ids:?}");
        headers.push(("x-b3-sampled", "0"));
        assert_eq!(multi(&headers), (None, Some(false)), "{ids:?}");
    }
}

#[test]
fn a_callee_is_told_in_one_header_or_in_several() {
    let ids = format!("{TRACE}-{SPAN}");
    let sent = handed_on(&[], &only("b3"));
    assert_eq!(sent, [("b3", format!("{ids}-1"))].into());
    let sent = handed_on(&[], &only("b3multi"));
    let wanted = [
        ("x-b3-traceid", TRACE),
        ("x-b3-spanid", SPAN),
        ("x-b3-sampled", "1"),
    ];
    assert_eq!(
        sent,
        wanted.map(|(name, value)| (name, value.to_owned())).into()
    );
}

#[test]
fn a_debugging_callers_wish_is_handed_on() {
    let headers = [("b3", "d")];
    let sent = handed_on(&headers, &only("b3,b3multi"));
    assert_eq!(sent["b3"], format!("{TRACE}-{SPAN}-d"));
    assert_eq!(sent["x-b3-flags"], "1");
    assert!(!sent.contains_key("x-b3-sampled"));
}
