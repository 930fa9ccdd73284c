//! Each check is seen to refuse a dashboard that is broken in one place, and to name the place.

use super::*;

/// A copy of the shipped files, with `old` replaced, once, in one of them.
fn found_with(file: &str, old: &str, new: &str) -> Vec<String> {
    let checkout = Checkout::find().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for path in crate::sync::files(&checkout.template().join(FOLDER)).unwrap() {
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let path = folder.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{file} has no {old}");
    fs::write(&path, text.replacen(old, new, 1)).unwrap();
    check::run(&checkout, folder.path()).unwrap()
}

#[test]
fn what_is_shipped_is_in_order_and_is_what_is_written_here() {
    let checkout = Checkout::find().unwrap();
    let folder = checkout.template().join(FOLDER);
    assert_eq!(
        check::run(&checkout, &folder).unwrap(),
        Vec::<String>::new()
    );
    assert_eq!(stale(&checkout).unwrap(), Vec::<String>::new());
}

#[test]
fn a_panel_without_one_of_its_parts_is_named() {
    for (old, new, said) in [
        ("\"unit\": \"reqps\"", "\"unit\": \"\"", "Requests: no unit"),
        (
            "Requests by route template.",
            "",
            "Rate by route: no description",
        ),
        (
            "\"title\": \"Rate by route\"",
            "\"title\": \"\"",
            "no title",
        ),
        (
            "\"uid\": \"${datasource}\"",
            "\"uid\": \"prom-7\"",
            "which nobody provisions",
        ),
        (
            "\"uid\": \"belvedere-service\"",
            "\"uid\": \"service\"",
            "its uid has to be belvedere-service",
        ),
        ("\"id\": 3,", "\"id\": 2,", "two panels have one id"),
        ("\"x\": 4,", "\"x\": 3,", "lies over Ready replicas"),
    ] {
        let found = found_with("service.json", old, new);
        let named = |fault: &String| fault.starts_with("service.json") && fault.contains(said);
        assert!(found.iter().any(named), "{said}: {found:#?}");
    }
}

#[test]
fn a_question_that_cannot_be_read_is_named_with_its_panel() {
    let found = found_with("service.json", "sum(service_ready{", "sum((service_ready{");
    assert_eq!(found.len(), 1, "{found:#?}");
    let fault = &found[0];
    assert!(
        fault.contains("service.json") && fault.contains("Ready_replicas"),
        "{fault}"
    );
}

#[test]
fn a_metric_or_a_label_that_nobody_exports_is_named_with_its_panel() {
    let found = found_with(
        "service.json",
        "http_requests_active{",
        "http_requests_running{",
    );
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].contains("service.json: Active") && found[0].contains("http_requests_running")
    );
    let found = found_with("service.json", "sum by (status)", "sum by (code)");
    assert!(
        found.len() == 1 && found[0].contains("`code`"),
        "{found:#?}"
    );
    let found = found_with(
        "resources.json",
        "node_disk_written_bytes_total",
        "node_disk_write_bytes_total",
    );
    assert!(
        found.len() == 1 && found[0].contains("Disk throughput"),
        "{found:#?}"
    );
}

#[test]
fn a_metric_that_is_on_no_panel_is_named() {
    let found = found_with("resources.json", "process_threads{", "process_open_fds{");
    assert_eq!(found, ["process_threads is on no panel"]);
}

#[test]
fn a_picture_of_other_panels_is_named() {
    let checkout = Checkout::find().unwrap();
    let found = draw::stale(&checkout).unwrap();
    assert_eq!(found, Vec::<String>::new());
}
