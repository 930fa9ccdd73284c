//! The caller's trace: how it comes in and goes on, and what is told back.

use belvedere_core::propagation::Propagation;
use belvedere_grpc::RpcConventions;
use serde_json::json;

use crate::harness::{Kind, Service, Setup, ask};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

async fn called_with(service: &Service, metadata: &[(&'static str, String)]) -> String {
    let mut request = ask("who");
    for (name, value) in metadata {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    let (texts, told) = service.client.call(Kind::Unary, request).await.unwrap();
    let id = told.get("x-request-id").unwrap().to_str().unwrap();
    assert_eq!(texts[0].split(' ').nth(1), Some(id));
    texts[0].split(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_callers_trace_is_continued_from_metadata() {
    let service = Service::start().await;
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let metadata = [
        ("traceparent", parent),
        ("x-request-id", "callers-own-id".to_owned()),
    ];
    assert_eq!(called_with(&service, &metadata).await, TRACE);
    service.completed(1).await;
    let span = &service.servers()[0];
    assert_eq!(span.trace_id.to_string(), TRACE);
    assert_eq!(span.parent.unwrap().span_id.to_string(), SPAN);
    assert_eq!(
        service.logs.completed()[0].of_request("request_id"),
        "callers-own-id"
    );
}

#[tokio::test]
async fn a_trace_in_b3_headers_is_continued_where_they_are_read() {
    let propagators = serde_json::from_value(json!("b3")).unwrap();
    let setup = Setup {
        propagation: Propagation {
            propagators,
            ..Propagation::default()
        },
        ..Setup::default()
    };
    let service = setup.start().await;
    let b3 = format!("{TRACE}-{SPAN}-1");
    assert_eq!(called_with(&service, &[("b3", b3)]).await, TRACE);
}

const HEARD: &str = "heard:traceparent,tracestate,baggage,b3,x-b3-traceid,x-b3-flags,x-request-id";

/// A service that reads and writes these, of these callers.
async fn speaking(propagators: &str, trusted: &str) -> Service {
    let setup = Setup {
        trusted: trusted.parse().unwrap(),
        propagation: Propagation {
            propagators: propagators.parse().unwrap(),
            baggage_keys: "plan".parse().unwrap(),
            ..Propagation::default()
        },
        ..Setup::default()
    };
    setup.start().await
}

/// The baggage that a handler finds, and what it has its callee hear: the same service, once more.
async fn through(service: &Service, metadata: &[(&'static str, &str)]) -> (String, [String; 7]) {
    let mut request = ask(&format!("next http://{} {HEARD}", service.addr));
    for (name, value) in metadata {
        request.metadata_mut().insert(*name, value.parse().unwrap());
    }
    let (texts, _) = service.client.call(Kind::Unary, request).await.unwrap();
    let (plan, heard) = texts[0].split_once('|').unwrap();
    let heard: Vec<_> = heard.split(' ').map(str::to_owned).collect();
    (plan.to_owned(), heard.try_into().unwrap())
}

#[tokio::test]
async fn what_the_w3c_names_comes_in_and_goes_on() {
    let service = speaking("tracecontext,baggage", "127.0.0.0/8").await;
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let metadata = [
        ("traceparent", &*parent),
        ("tracestate", "foo=1,bar=2"),
        ("baggage", "plan=gr%C3%BCn,card=4111"),
        ("x-request-id", "callers-own-id"),
    ];
    let (plan, heard) = through(&service, &metadata).await;
    assert_eq!(plan, "grün");
    let [traceparent, tracestate, baggage, b3, _, _, request_id] = heard;
    assert!(traceparent.starts_with(&format!("00-{TRACE}-")) && !traceparent.contains(SPAN));
    assert_eq!(tracestate, "foo=1,bar=2");
    assert_eq!(baggage, "plan=gr%C3%BCn");
    assert_eq!((&*b3, &*request_id), ("", "callers-own-id"));
}

#[tokio::test]
async fn of_a_stranger_nothing_reaches_handler_or_callee() {
    let service = speaking("tracecontext,baggage,b3,b3multi", "10.0.0.0/8").await;
    let (w3c, b3) = (format!("00-{TRACE}-{SPAN}-01"), format!("{TRACE}-{SPAN}-d"));
    for (count, line) in [("traceparent", &*w3c), ("b3", &*b3)]
        .into_iter()
        .enumerate()
    {
        let metadata = [line, ("tracestate", "foo=1"), ("baggage", "plan=gold")];
        let (plan, heard) = through(&service, &metadata).await;
        assert_eq!(plan, "");
        let [traceparent, tracestate, baggage, _, b3_trace, b3_flags, _] = heard;
        assert_eq!((&*tracestate, &*baggage, &*b3_flags), ("", "", ""));
        service.completed(2 * count + 2).await;
        let spans = service.servers();
        let span = spans.iter().rfind(|span| {
            let linked = span.links.iter().map(|link| link.trace_id().to_string());
            linked.eq([TRACE])
        });
        let span = span.expect("it points at the stranger's");
        assert_eq!(span.parent, None);
        let own = span.trace_id.to_string();
        assert!(own != TRACE && traceparent.contains(&own), "{traceparent}");
        assert_eq!(b3_trace, own);
    }
}

#[tokio::test]
async fn without_propagators_nothing_comes_in_or_goes_on_but_the_request_id() {
    let service = speaking("none", "127.0.0.0/8").await;
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let metadata = [
        ("traceparent", &*parent),
        ("baggage", "plan=gold"),
        ("x-request-id", "callers-own-id"),
    ];
    let (plan, heard) = through(&service, &metadata).await;
    assert_eq!(plan, "");
    assert_eq!(heard, ["", "", "", "", "", "", "callers-own-id"]);
    assert!(
        service
            .servers()
            .iter()
            .all(|span| span.trace_id.to_string() != TRACE)
    );
}

#[tokio::test]
async fn a_malformed_trace_is_as_good_as_none() {
    let service = Service::start().await;
    let nothing = "0".repeat(32);
    let malformed = [
        "garbage".to_owned(),
        format!("ff-{TRACE}-{SPAN}-01"),
        format!("00-{nothing}-{SPAN}-01"),
        format!("00-{TRACE}-{}-01", &nothing[..16]),
    ];
    for parent in &malformed {
        let metadata = [("traceparent", parent.clone())];
        let trace = called_with(&service, &metadata).await;
        assert!(trace.len() == 32 && trace != TRACE, "{parent}: {trace}");
    }
    service.completed(malformed.len()).await;
    assert!(service.servers().iter().all(|span| span.parent.is_none()));
}

#[tokio::test]
async fn a_call_whose_head_is_not_sampled_is_kept_when_it_fails() {
    let setup = Setup {
        ratio: 0.0,
        ..Setup::default()
    };
    let service = setup.start().await;
    assert!(service.client.ask(Kind::Unary, "fine").await.is_ok());
    assert!(service.client.ask(Kind::Unary, "head").await.is_err());
    service.completed(2).await;
    let spans = service.servers();
    assert_eq!(spans.len(), 1, "{spans:?}");
    assert_eq!(spans[0].get("rpc.grpc.status_code"), Some("13"));
}

#[tokio::test]
async fn newer_names_are_used_where_they_are_asked_for() {
    let setup = Setup {
        conventions: RpcConventions::from_list("rpc"),
        ..Setup::default()
    };
    let service = setup.start().await;
    assert!(service.client.ask(Kind::Unary, "missing").await.is_err());
    service.completed(1).await;
    let span = &service.servers()[0];
    assert_eq!(span.get("rpc.system.name"), Some("grpc"));
    assert_eq!(span.get("rpc.method"), Some("probe.v1.Probe/Unary"));
    assert_eq!(span.get("rpc.response.status_code"), Some("NOT_FOUND"));
    assert_eq!(span.get("rpc.system"), None);
}
