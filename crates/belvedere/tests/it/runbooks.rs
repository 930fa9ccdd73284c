use belvedere_testing::TestService;

use crate::helpers::service;

/// The ones that every generated service has.
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template/runbooks");

fn with_runbooks() -> TestService {
    let service = service().variable("ADMIN__RUNBOOKS", SHIPPED);
    service.start().unwrap()
}

async fn ask(service: &TestService, path: &str, accept: &str) -> (u16, String, String) {
    let url = format!("http://{}{path}", service.admin());
    let answer = reqwest::Client::new().get(url).header("accept", accept);
    let answer = answer.send().await.unwrap();
    let content_type = answer.headers()["content-type"].to_str().unwrap();
    let content_type = content_type.to_owned();
    (
        answer.status().as_u16(),
        content_type,
        answer.text().await.unwrap(),
    )
}

#[tokio::test]
async fn a_runbook_is_served_with_what_it_speaks_of_now() {
    let service = with_runbooks();
    let text = std::fs::read_to_string(format!("{SHIPPED}/HighErrorRate.md")).unwrap();
    // What is counted in a moment is told in the next.
    let missing = format!("http://{}/v1/nowhere", service.http());
    reqwest::get(missing).await.unwrap();
    service.metric("http_requests_total{").await;
    for path in ["/runbooks/HighErrorRate", "/runbooks/HighErrorRate.md"] {
        let (status, content_type, told) = ask(&service, path, "*/*").await;
        assert_eq!(
            (status, &*content_type),
            (200, "text/markdown; charset=utf-8")
        );
        assert!(told.starts_with(text.trim_end()), "{told}");
        let now = told.split("## Now, in this replica").nth(1).unwrap();
        assert!(now.contains("\nhttp_requests_total{"), "{now}");
        assert!(!now.contains("process_open_fds"), "{now}");
    }
}

#[tokio::test]
async fn a_browser_gets_a_page_whose_text_is_only_text() {
    let service = with_runbooks();
    let (status, content_type, page) =
        ask(&service, "/runbooks/ServiceDown", "text/html,*/*;q=0.8").await;
    assert_eq!((status, &*content_type), (200, "text/html; charset=utf-8"));
    assert!(
        page.contains("up{service='$SERVICE'}) &lt; 0.5&quot;"),
        "{page}"
    );
    let (_, _, index) = ask(&service, "/runbooks", "text/html").await;
    assert!(
        index.contains("<a href=\"/runbooks/ServiceDown\">"),
        "{index}"
    );
}

#[tokio::test]
async fn all_runbooks_are_listed_and_no_other_file_is_served() {
    let service = with_runbooks();
    let (_, _, index) = ask(&service, "/runbooks", "*/*").await;
    for name in ["ServiceDown", "DatabaseConnectionIssues", "Watchdog"] {
        assert!(
            index.contains(&format!("- [{name}](runbooks/{name})")),
            "{index}"
        );
    }
    for path in [
        "Nothing",
        "..%2FCargo.toml",
        "%2E%2E%2Fsrc%2Fmain.rs",
        "HighErrorRate.md.md",
    ] {
        let (status, _, told) = ask(&service, &format!("/runbooks/{path}"), "*/*").await;
        assert_eq!(status, 404, "{path}");
        assert!(told.contains("runbook_not_found"), "{told}");
    }
}

#[tokio::test]
async fn a_service_without_runbooks_says_where_they_would_be() {
    let service = service()
        .variable("ADMIN__RUNBOOKS", "/no/such/folder")
        .start()
        .unwrap();
    let (status, _, index) = ask(&service, "/runbooks", "*/*").await;
    assert_eq!(status, 200);
    assert!(index.contains("`ADMIN__RUNBOOKS`"), "{index}");
}
