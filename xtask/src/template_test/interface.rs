//! What the service tells of its interface, held against what it does, and seen in a browser.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::checks::{Checks, figure};
use super::preset::{Preset, start_until_ready};
use crate::run::command;
use crate::run::http::Call;
use crate::tools;

/// Enough for each operation to be met by what it takes and by what it does not; the whole is done in seconds.
const EXAMPLES: &str = "60";
/// The same requests in each run.
const SEED: &str = "1";
/// A browser that has not shown the page by then does not.
const BROWSER_SECONDS: &str = "90";

/// As requests have them, and as the document does.
const METHODS: [(&str, &str); 5] = [
    ("GET", "get"),
    ("POST", "post"),
    ("PUT", "put"),
    ("PATCH", "patch"),
    ("DELETE", "delete"),
];

/// Only an order knows which products there are: its schema cannot.
const SCHEMATHESIS: &str = r#"
[[operations]]
include-name = "POST /v1/orders"
checks.positive_data_acceptance.expected-statuses = [201, 402, 409, 422]
"#;

pub(crate) fn run(checks: &Checks, preset: &Preset) -> Option<()> {
    let (service, _) = checks.run("started to be looked into", || {
        start_until_ready(&preset.launch())
    })?;
    let document = checks.run("/openapi.json tells every route", || document(service.http));
    if let Some(document) = &document {
        checks.run("no route of the domain knows nobody", || {
            refuses_strangers(service.http, document)
        });
    }
    checks.run("it does what it tells (schemathesis)", || {
        conforms(service.http)
    });
    if let Some(document) = document {
        checks.run("/docs shows it, with no other network", || {
            shown(service.http, &document)
        });
    }
    checks.run("none of it was a failure", || {
        let ended = service.running.stop()?;
        let failed = |line: &&String| line.contains(r#""level":"error""#);
        let told = ended.log.iter().find(failed);
        ensure!(told.is_none(), "{}", told.map_or("", String::as_str));
        Ok(())
    })
}

fn document(address: SocketAddr) -> Result<Value> {
    let answer = Call::get("/openapi.json").send(address)?;
    ensure!(
        answer.status == 200,
        "GET /openapi.json -> {}",
        answer.status
    );
    let document = answer.json()?;
    for (path, method) in [
        ("/v1/orders", "get"),
        ("/v1/orders", "post"),
        ("/v1/orders/{id}", "get"),
        ("/v1/users", "post"),
    ] {
        let told = &document["paths"][path][method];
        ensure!(told.is_object(), "{method} {path} is missing");
    }
    Ok(document)
}

/// Every operation, without a word about who calls.
fn refuses_strangers(address: SocketAddr, document: &Value) -> Result<()> {
    let paths = document["paths"].as_object().context("there are paths")?;
    let operations = paths.iter().flat_map(|(path, operations)| {
        let methods = METHODS.into_iter();
        methods
            .filter(|(_, key)| operations[*key].is_object())
            .map(move |(method, _)| (method, path.replace(['{', '}'], "")))
    });
    let mut walked = 0;
    for (method, path) in operations {
        let answer = Call::new(method, &path).send(address)?;
        ensure!(answer.status == 401, "{method} {path} -> {}", answer.status);
        walked += 1;
    }
    ensure!(walked >= 4, "{walked} operations are told");
    Ok(())
}

fn conforms(address: SocketAddr) -> Result<()> {
    let mut schemathesis = tools::python("schemathesis")?;
    let folder = tempfile::tempdir()?;
    let settings = folder.path().join("schemathesis.toml");
    fs::write(&settings, SCHEMATHESIS)?;
    schemathesis
        .current_dir(folder.path())
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(&settings)
        .arg("run")
        .arg(format!("http://{address}/openapi.json"))
        .args([
            "--header",
            "x-tenant-id: acme",
            "--header",
            "x-user-id: ada",
        ])
        .args(["--checks", "all", "--phases", "examples,coverage,fuzzing"])
        // Whoever a proxy names as tenant is one: there is no wrong name.
        .args(["--exclude-checks", "ignored_auth"])
        .args(["--max-examples", EXAMPLES, "--seed", SEED]);
    let printed = command::capture(&mut schemathesis)?.stdout;
    let cases = printed.lines().find(|line| line.contains(" generated"));
    figure(cases.unwrap_or_default().trim());
    Ok(())
}

/// What a browser makes of the page, when everything but the service is out of its reach.
fn shown(address: SocketAddr, document: &Value) -> Result<()> {
    tools::ensure("chromium")?;
    let profile = tempfile::tempdir()?;
    let mut browser = Command::new("timeout");
    browser
        .args([BROWSER_SECONDS, "chromium", "--headless", "--disable-gpu"])
        // Its sandbox does not work for root, and in most containers; the page is our own.
        .args(["--no-sandbox", "--disable-dev-shm-usage"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        // All but the service goes by a proxy that is not there.
        .args([
            "--proxy-server=127.0.0.1:9",
            "--proxy-bypass-list=127.0.0.1",
        ])
        .args(["--virtual-time-budget=10000", "--dump-dom"])
        .arg(format!("http://{address}/docs"));
    let page = command::capture(&mut browser)?.stdout;
    tells_all(&page, document)
}

fn tells_all(page: &str, document: &Value) -> Result<()> {
    let paths = document["paths"].as_object().context("no paths")?;
    for (path, item) in paths {
        let path = format!(">{path}<");
        ensure!(page.contains(&path), "{path} is not on the page:\n{page}");
        for operation in item.as_object().context("no operations")?.values() {
            let id = operation["operationId"].as_str().unwrap_or_default();
            ensure!(
                page.contains(&format!("id=\"{id}\"")),
                "{id} is not on the page:\n{page}"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_without_a_route_is_told() {
        let document = json!({"paths": {"/v1/users": {"post": {"operationId": "users_sign_up"}}}});
        let page = r#"<details id="users_sign_up"><code>/v1/users</code></details>"#;
        assert!(tells_all(page, &document).is_ok());
        assert!(tells_all(&page.replace("users<", "<"), &document).is_err());
        assert!(tells_all(&page.replace("sign_up", ""), &document).is_err());
    }
}
