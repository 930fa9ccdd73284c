//! Each command leaves a span and a figure, and nothing of what it said.

use std::time::Duration;

use belvedere_core::trace::Parent;
use belvedere_redis::RedisFailed;
use belvedere_testing::{CapturedRequest, ThrowAwayRedis};
use opentelemetry::trace::{SpanKind, Status};
use redis::{AsyncCommands, RedisResult, Script, Value};
use tokio::time;

use crate::helpers::{connect, metrics, value};

#[tokio::test]
async fn a_command_is_a_client_span_without_its_key_or_value() {
    let metrics = metrics();
    let server = ThrowAwayRedis::start().unwrap();
    let redis = connect(&format!("{}/3", server.url())).await;
    let request = CapturedRequest::begin();
    let read: String = request
        .run(async {
            let mut redis = redis.clone();
            let _: () = redis.set("colour-key", "secret-blue").await.unwrap();
            redis.get("colour-key").await.unwrap()
        })
        .await;
    assert_eq!(read, "secret-blue");
    let spans = request.spans();
    let names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["SET", "GET"]);
    let server_span = Parent {
        span_id: request.context.span_id(),
        is_remote: false,
    };
    for span in &spans {
        assert_eq!(span.kind, SpanKind::Client);
        assert_eq!(span.parent, Some(server_span));
        assert_eq!(span.status, Status::Unset);
        assert_eq!(span.get("db.system.name"), Some("redis"));
        assert_eq!(span.get("db.namespace"), Some("3"));
        assert_eq!(span.get("db.operation.name"), Some(&*span.name));
        let told = format!("{span:?}");
        assert!(
            !told.contains("secret-blue") && !told.contains("colour-key"),
            "{told}"
        );
    }
    let series = "db_client_operation_duration_seconds_count{db_system_name=\"redis\",\
                  db_operation_name=\"GET\",db_collection_name=\"\"}";
    assert_eq!(value(&metrics, series), Some(1.0));
}

#[tokio::test]
async fn an_error_answer_is_told_by_its_code_alone() {
    let metrics = metrics();
    let server = ThrowAwayRedis::start().unwrap();
    let redis = connect(&server.url()).await;
    server.ask("LPUSH list secret").unwrap();
    let request = CapturedRequest::begin();
    let mut client = redis.clone();
    let outcome: RedisResult<String> = request.run(client.get("list")).await;
    assert!(outcome.is_err());
    let spans = request.spans();
    assert_eq!(spans[0].status, Status::error("server"));
    assert_eq!(spans[0].get("db.response.status_code"), Some("WRONGTYPE"));
    assert_eq!(spans[0].get("error.type"), Some("server"));
    let series = "db_client_errors_total{db_system_name=\"redis\",error_type=\"WRONGTYPE\"}";
    assert_eq!(value(&metrics, series), Some(1.0));
}

#[tokio::test]
async fn pipelines_transactions_and_scripts_are_one_span_each() {
    let server = ThrowAwayRedis::start().unwrap();
    let redis = connect(&server.url()).await;
    let request = CapturedRequest::begin();
    let script = Script::new("return redis.call('GET', KEYS[1])");
    let read: String = request
        .run(async {
            let mut redis = redis.clone();
            let mut pipe = redis::pipe();
            pipe.set("a", 1).incr("a", 1);
            let _: (String, u32) = pipe.query_async(&mut redis).await.unwrap();
            let _: (String, u32) = pipe.atomic().query_async(&mut redis).await.unwrap();
            script.key("a").invoke_async(&mut redis).await.unwrap()
        })
        .await;
    assert_eq!(read, "2");
    let spans = request.spans();
    let told: Vec<_> = spans
        .iter()
        .map(|span| (&*span.name, span.get("db.operation.batch.size")))
        .collect();
    assert_eq!(told[..2], [("PIPELINE", Some("2")), ("MULTI", Some("2"))]);
    // The server does not know the script yet: it is loaded, and asked for again.
    let names: Vec<_> = told[2..].iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["EVALSHA", "SCRIPT", "EVALSHA"]);
    assert_eq!(spans[2].get("db.response.status_code"), Some("NOSCRIPT"));
}

#[tokio::test]
async fn an_error_inside_a_pipeline_is_told_once() {
    let server = ThrowAwayRedis::start().unwrap();
    let redis = connect(&server.url()).await;
    server.ask("LPUSH list secret").unwrap();
    let request = CapturedRequest::begin();
    let mut pipe = redis::pipe();
    pipe.set("a", 1).get("list");
    let mut client = redis.clone();
    let outcome: RedisResult<(String, String)> = request.run(pipe.query_async(&mut client)).await;
    assert!(outcome.is_err());
    let spans = request.spans();
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].get("db.response.status_code"), Some("WRONGTYPE"));
}

#[tokio::test]
async fn a_command_that_nobody_waits_for_ends_its_span() {
    let metrics = metrics();
    let server = ThrowAwayRedis::start().unwrap();
    let redis = connect(&server.url()).await;
    server.pause(Duration::from_secs(5)).unwrap();
    let request = CapturedRequest::begin();
    let mut client = redis.clone();
    let asked = client.get::<_, String>("colour");
    let left = request
        .run(time::timeout(Duration::from_millis(20), asked))
        .await;
    assert!(left.is_err());
    let spans = request.spans();
    assert_eq!(spans[0].get("error.type"), Some("cancelled"));
    assert_eq!(spans[0].status, Status::Unset);
    let series = "db_client_errors_total{db_system_name=\"redis\",error_type=\"cancelled\"}";
    assert_eq!(value(&metrics, series), Some(1.0));
}

/// Says what a command was sent with, wherever Redis repeats it.
async fn told(work: impl Future<Output = RedisResult<Value>>) -> String {
    let request = CapturedRequest::begin();
    let error = request.run(work).await.unwrap_err();
    let failed = RedisFailed(error.clone());
    format!(
        "{error} {error:?} {failed} {failed:?} {:?}",
        request.spans()
    )
}

#[tokio::test]
async fn no_error_tells_what_a_command_was_sent_with() {
    let server = ThrowAwayRedis::start().unwrap();
    let mut redis = connect(&server.url()).await;
    let unknown = || {
        let mut command = redis::cmd("FRobNICATE");
        command.arg("planted-key").arg("it's planted");
        command
    };
    let no_group = || {
        let mut command = redis::cmd("XREADGROUP");
        let words = [
            "GROUP",
            "planted-group",
            "me",
            "STREAMS",
            "planted'key",
            ">",
        ];
        command.arg(&words);
        command
    };
    let lua = Script::new("return redis.pcall('XGROUP', 'DESTROY-planted', KEYS[1], ARGV[1])");
    for (command, repeated) in [(unknown(), "FRobNICATE"), (no_group(), "NOGROUP")] {
        let (mut piped, mut atomic) = (redis::pipe(), redis::pipe());
        piped.set("a", 1).add_command(command.clone());
        atomic.atomic().set("a", 1).add_command(command.clone());
        for said in [
            told(command.query_async(&mut redis.clone())).await,
            told(piped.query_async(&mut redis.clone())).await,
            told(atomic.query_async(&mut redis.clone())).await,
        ] {
            assert!(said.contains(repeated), "{said}");
            assert!(!said.contains("planted"), "{said}");
        }
    }
    let said = told(
        lua.key("planted-key")
            .arg("planted")
            .invoke_async(&mut redis),
    )
    .await;
    assert!(!said.contains("planted"), "{said}");
}

#[tokio::test]
async fn a_pipeline_that_goes_on_after_errors_has_the_other_answers() {
    let server = ThrowAwayRedis::start().unwrap();
    let mut redis = connect(&server.url()).await;
    let mut pipe = redis::pipe();
    pipe.set("a", 1)
        .cmd("FROBNICATE")
        .arg("planted")
        .get("a")
        .ignore_errors();
    let answers: Vec<RedisResult<Value>> = pipe.query_async(&mut redis).await.unwrap();
    let told: Vec<_> = answers.iter().map(|answer| format!("{answer:?}")).collect();
    assert!(answers[0].is_ok() && answers[2].is_ok(), "{told:?}");
    assert!(
        told[1].contains("FROBNICATE") && !told[1].contains("planted"),
        "{told:?}"
    );
}
