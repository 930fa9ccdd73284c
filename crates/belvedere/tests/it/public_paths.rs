use std::{collections::BTreeSet, io::Read, net::SocketAddr};

use crate::helpers::{connect, service};

/// What an operator finds on the admin listener, and what scanners look for on any.
const PATHS: [&str; 44] = [
    "/metrics",
    "/info",
    "/config",
    "/loggers",
    "/loggers/default",
    "/sampling",
    "/profile",
    "/profile/cpu",
    "/profile/heap",
    "/runbooks",
    "/admin",
    "/debug",
    "/debug/pprof",
    "/debug/pprof/profile",
    "/debug/pprof/heap",
    "/debug/vars",
    "/pprof",
    "/actuator",
    "/actuator/env",
    "/actuator/health",
    "/actuator/heapdump",
    "/actuator/loggers",
    "/actuator/prometheus",
    "/actuator/threaddump",
    "/.env",
    "/.env.local",
    "/.git/config",
    "/.git/HEAD",
    "/.aws/credentials",
    "/.htaccess",
    "/server-status",
    "/server-info",
    "/nginx_status",
    "/status",
    "/console",
    "/jolokia",
    "/trace",
    "/dump",
    "/env",
    "/swagger",
    "/swagger-ui/index.html",
    "/v2/api-docs",
    "/graphql",
    "/config/default.toml",
];

fn percent_encoded(path: &str) -> String {
    let encode = |byte: u8| match byte {
        b'/' => "/".to_owned(),
        byte => format!("%{byte:02x}"),
    };
    path.bytes().map(encode).collect()
}

/// The same place, if somebody unescapes, folds, trims or resolves what the router has not.
fn disguises(path: &str) -> Vec<String> {
    let rest = &path[1..];
    vec![
        path.to_owned(),
        format!("{path}/"),
        format!("{path}?seconds=1&format=svg"),
        format!("{path};v=1"),
        format!("{path}%00"),
        format!("{path}%20"),
        format!("{path}.json"),
        format!("/{path}"),
        format!("/./{rest}"),
        format!("/%2e/{rest}"),
        format!("/health/..{path}"),
        format!("/health/%2e%2e{path}"),
        format!("/health/live/..%2f..%2f{rest}"),
        format!("/%2f{rest}"),
        format!("/%5c{rest}"),
        percent_encoded(path),
        path.to_uppercase(),
        rest[..1].to_uppercase() + &rest[1..],
    ]
    .into_iter()
    .map(|path| {
        if path.starts_with('/') {
            path
        } else {
            format!("/{path}")
        }
    })
    .collect()
}

fn answer(addr: SocketAddr, head: &str) -> String {
    let mut answer = String::new();
    let read = connect(addr, head).read_to_string(&mut answer);
    read.expect("the answer has an end");
    answer
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test]
async fn nothing_for_operators_is_found_by_callers() {
    let service = service().start().unwrap();
    let disguised: BTreeSet<_> = PATHS.iter().flat_map(|path| disguises(path)).collect();
    assert!(disguised.len() >= 500, "{}", disguised.len());
    for path in disguised {
        // By hand: a client would resolve and escape what is to be tried.
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: shop\r\nx-tenant-id: acme\r\nconnection: close\r\n\r\n"
        );
        let answer = answer(service.http(), &head);
        assert_eq!(status(&answer), "404", "{path}: {answer}");
        assert!(
            answer.contains("application/problem+json"),
            "{path}: {answer}"
        );
    }
}

#[tokio::test]
async fn the_same_paths_are_there_for_operators() {
    let service = service().start().unwrap();
    for path in ["/metrics", "/info", "/config", "/loggers", "/sampling"] {
        let head = format!("GET {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n");
        let answer = answer(service.admin(), &head);
        assert_eq!(status(&answer), "200", "{path}");
    }
}

#[tokio::test]
async fn the_interface_is_told_in_development_and_elsewhere_where_it_is_asked_for() {
    let production = || {
        service()
            .variable("ENVIRONMENT", "production")
            .variable("AUTH__TRUSTED_HEADERS", "true")
    };
    for (builder, wanted) in [
        (service(), 200),
        (service().variable("HTTP__DOCS", "false"), 404),
        (production(), 404),
        (production().variable("HTTP__DOCS", "true"), 200),
    ] {
        let service = builder.start().unwrap();
        for path in ["/openapi.json", "/docs", "/docs/page.js", "/docs/page.css"] {
            assert_eq!(service.anonymous().get(path).await.status, wanted, "{path}");
        }
    }
}
