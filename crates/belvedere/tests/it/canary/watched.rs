//! A service of which everything that comes out is kept.

use std::{fs, io, os::unix::fs::PermissionsExt, path::PathBuf, process::Command, time::Duration};

use belvedere_testing::{
    Answer, OtlpSink, SentrySink, TestService, ThrowAwayPostgres, ThrowAwayRedis,
};
use reqwest::{Client, Method};
use tempfile::TempDir;

use super::planted::Planted;
use crate::helpers::example;

const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Watched {
    pub(super) service: TestService,
    subject: Subject,
    otlp: OtlpSink,
    folder: TempDir,
    token: String,
    wrong: String,
    variables: Vec<(&'static str, String)>,
}

/// What is watched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    pub(super) example: &'static str,
    /// The route whose failure is looked for in Sentry.
    pub(super) fails: &'static str,
}

/// What came out, by where it did.
pub(super) struct Seen(Vec<(&'static str, String)>);

impl Watched {
    /// With a database, where it needs one.
    pub(super) fn start(
        subject: Subject,
        postgres: Option<ThrowAwayPostgres>,
        planted: &Planted,
        sentry: &SentrySink,
        redis: Option<&ThrowAwayRedis>,
    ) -> Self {
        let otlp = OtlpSink::start().unwrap();
        otlp.keep_texts();
        let folder = TempDir::new().unwrap();
        let url = postgres.as_ref().map(|postgres| postgres.url().to_owned());
        let mut variables = variables(planted, sentry, &otlp, url.as_deref());
        variables.extend(redis.map(|redis| ("REDIS_URL", redis.url())));
        let script = script(&folder, subject.example).unwrap();
        let mut builder = TestService::builder(script.to_str().unwrap());
        if let Some(postgres) = postgres {
            builder = builder.postgres(postgres);
        }
        for (name, value) in &variables {
            builder = builder.variable(name, value);
        }
        Self {
            service: builder.start().unwrap(),
            subject,
            otlp,
            folder,
            token: planted.secret("ADMIN__TOKEN"),
            wrong: planted.secret("wrong admin token"),
            variables,
        }
    }

    pub(super) async fn everything(self, sentry: &SentrySink, answers: String) -> Seen {
        let mut admin = String::new();
        for path in ["/config", "/info", "/loggers", "/sampling", "/health/ready"] {
            admin += &self.ask_admin(path).await;
        }
        admin += &self.order_in_vain().await;
        let metrics = self.service.metrics().await;
        let has_failed = |event: &serde_json::Value| event["transaction"] == self.subject.fails;
        assert!(sentry.wait_for(has_failed, PATIENCE).is_some());
        let (_, lines) = self.service.stop().unwrap();
        let lines: Vec<_> = lines.iter().map(ToString::to_string).collect();
        let printed = Command::new(example(self.subject.example))
            .arg("config")
            .envs(self.variables)
            .output();
        let printed = printed.unwrap();
        let printed = [printed.stdout, printed.stderr].map(|out| String::from_utf8(out).unwrap());
        Seen(vec![
            ("stdout", lines.join("\n")),
            (
                "stderr",
                fs::read_to_string(self.folder.path().join("stderr")).unwrap(),
            ),
            ("spans", format!("{:?}", self.otlp.spans())),
            ("exported lines", format!("{:?}", self.otlp.logs())),
            ("exported metrics", format!("{:?}", self.otlp.metrics())),
            // Every field there is, those that nobody reads included.
            ("what was exported", self.otlp.texts()),
            ("/metrics", metrics),
            ("sentry", sentry.envelopes().join("\n")),
            ("answers", answers),
            ("the admin listener", admin),
            ("the config command", printed.concat()),
        ])
    }

    async fn order_in_vain(&self) -> String {
        let url = format!(
            "http://{}/loggers/shop?token={}",
            self.service.admin(),
            self.wrong
        );
        let order = Client::new().request(Method::PUT, url);
        let order = order.bearer_auth(&self.wrong).body("{\"level\":\"trace\"}");
        let answer = order
            .header("content-type", "application/json")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 401);
        answer.text().await.unwrap()
    }

    async fn ask_admin(&self, path: &str) -> String {
        let url = format!("http://{}{path}", self.service.admin());
        let request = Client::new()
            .request(Method::GET, url)
            .bearer_auth(&self.token);
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, 200, "{path}");
        answer.json().to_string()
    }
}

impl Seen {
    pub(super) fn of(&self, place: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| *known == place);
        &found.unwrap().1
    }

    pub(super) fn places_of(&self, secret: &str) -> impl Iterator<Item = String> {
        self.0.iter().filter_map(move |(place, text)| {
            let at = text.find(secret)?;
            let begin = text.floor_char_boundary(at.saturating_sub(160));
            Some(format!("{place}: ...{}", &text[begin..at + secret.len()]))
        })
    }
}

/// Keeps what goes to stderr; the service is the script's own process.
fn script(folder: &TempDir, name: &str) -> io::Result<PathBuf> {
    let path = folder.path().join(name);
    let stderr = folder.path().join("stderr");
    let text = format!("#!/bin/sh\nexec {} 2>{}\n", example(name), stderr.display());
    fs::write(&path, text)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700))?;
    Ok(path)
}

fn variables(
    planted: &Planted,
    sentry: &SentrySink,
    otlp: &OtlpSink,
    database: Option<&str>,
) -> Vec<(&'static str, String)> {
    let secret = |name| planted.secret(name);
    let key = format!("api-key={}", secret("OTEL_EXPORTER_OTLP_HEADERS"));
    let traces_key = format!("api-key={}", secret("OTEL_EXPORTER_OTLP_TRACES_HEADERS"));
    let (scheme, place) = sentry.dsn().split_once("://").map(owned).unwrap();
    let place = place.split_once('@').unwrap().1.to_owned();
    let database = database.unwrap_or("postgres://shop:nobody@127.0.0.1/shop");
    vec![
        ("LOG__LEVEL", "trace".to_owned()),
        ("REDACT__KEYS", "[\"iban\"]".to_owned()),
        (
            "DATABASE_URL",
            with_password(database, &secret("DATABASE_URL")),
        ),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", otlp.endpoint()),
        ("OTEL_LOGS_EXPORTER", "otlp".to_owned()),
        ("OTEL_METRICS_EXPORTER", "otlp".to_owned()),
        ("HTTP__TIMEOUT_SECONDS", "3".to_owned()),
        ("OTEL_EXPORTER_OTLP_HEADERS", key),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", traces_key),
        (
            "SENTRY_DSN",
            format!("{scheme}://{}@{place}", secret("SENTRY_DSN")),
        ),
        ("SENTRY__TRACES_SAMPLE_RATE", "1".to_owned()),
        ("ADMIN__TOKEN", secret("ADMIN__TOKEN")),
        ("KEYS__PAYMENTS", secret("KEYS__PAYMENTS")),
        ("KEYS__MAIL_API_KEY", secret("KEYS__MAIL_API_KEY")),
        (
            "KEYS__BROKER",
            format!("amqp://shop:{}@mq/v", secret("KEYS__BROKER")),
        ),
    ]
}

fn owned((a, b): (&str, &str)) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

/// A throw-away server asks for none; one that does keeps its own.
fn with_password(url: &str, password: &str) -> String {
    let (user, host) = url.split_once('@').unwrap();
    if user.matches(':').count() > 1 {
        return url.to_owned();
    }
    format!("{user}:{password}@{host}")
}
