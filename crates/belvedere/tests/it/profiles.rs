//! Profiles as an operator takes them: under load, from the real binary of the example `burning`.

mod format;
mod manual;
mod soak;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use belvedere_testing::{Answer, TestService, TestServiceBuilder};
use reqwest::{Client, Method};
use serde_json::Value;

use crate::helpers::example;

const HOT: &str = "burning::turn_the_crank";

fn burning() -> TestServiceBuilder {
    TestService::builder(&example("burning")).variable("RUST_BACKTRACE", "0")
}

async fn ask(service: &TestService, path: &str) -> reqwest::Response {
    let url = format!("http://{}{path}", service.admin());
    Client::new()
        .get(url)
        .send()
        .await
        .expect("the admin listener answers")
}

/// Callers that do not stop before this is dropped.
struct Load {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicU64>,
}

impl Load {
    fn on(service: &TestService, paths: &'static [&'static str]) -> Self {
        let (stop, answers) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        for at in 0..4 {
            let (stop, answers) = (Arc::clone(&stop), Arc::clone(&answers));
            let root = format!("http://{}", service.http());
            belvedere::spawn(async move {
                let client = Client::new();
                for path in paths.iter().cycle().skip(at) {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let answer = client.get(format!("{root}{path}")).send().await;
                    answers.fetch_add(u64::from(answer.is_ok()), Ordering::Relaxed);
                }
            });
        }
        Self { stop, answers }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_flame_graph_names_what_burns() {
    let service = burning().start().unwrap();
    let load = Load::on(&service, &["/burn/2000"]);
    let answer = ask(&service, "/profile/cpu?seconds=3").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "image/svg+xml");
    let graph = answer.text().await.unwrap();
    assert!(graph.starts_with("<svg ") && graph.ends_with("</svg>\n"));
    assert!(graph.contains(HOT), "{graph}");
    drop(load);
    let line = service
        .line(|line| line["message"] == "profile_taken")
        .await;
    assert_eq!(
        (&line["target"], &line["level"]),
        (&"belvedere::audit".into(), &"warn".into())
    );
    assert_eq!(
        (&line["kind"], &line["seconds"]),
        (&"cpu".into(), &3.into())
    );
    assert!(
        line["peer"].as_str().unwrap().starts_with("127.0.0.1:"),
        "{line}"
    );
}

#[tokio::test]
async fn what_pprof_reads_gives_most_of_the_time_to_what_burns() {
    let service = burning().start().unwrap();
    let _load = Load::on(&service, &["/burn/2000"]);
    let answer = ask(&service, "/profile/cpu?seconds=3&format=pprof").await;
    assert_eq!(answer.status(), 200);
    let profile = format::read(&answer.bytes().await.unwrap());
    let share = profile.share_of(HOT);
    assert!(share > 0.3, "{share}");
    assert!(
        profile.seconds() > 0.1,
        "{} s of CPU time",
        profile.seconds()
    );
}

#[tokio::test]
async fn one_is_taken_at_a_time_and_the_admin_listener_answers_meanwhile() {
    let service = burning().start().unwrap();
    let first = ask(&service, "/profile/cpu?seconds=4");
    let meanwhile = async {
        service
            .line(|line| line["message"] == "profile_taken")
            .await;
        let second = Answer::of(to_admin(&service, "/profile/cpu?seconds=1")).await;
        assert_eq!(
            (second.status, &second.json()["error"]),
            (409, &"profile_in_progress".into())
        );
        for path in ["/health/live", "/metrics"] {
            assert_eq!(ask(&service, path).await.status(), 200, "{path}");
        }
    };
    let (first, ()) = tokio::join!(first, meanwhile);
    assert_eq!(first.status(), 200);
    first.text().await.unwrap();
    assert_eq!(ask(&service, "/profile/cpu?seconds=1").await.status(), 200);
}

#[tokio::test]
async fn a_profile_ends_when_its_caller_goes_away() {
    let service = burning().start().unwrap();
    let long = to_admin(&service, "/profile/cpu?seconds=60").send();
    let long = belvedere::spawn(long);
    service
        .line(|line| line["message"] == "profile_taken")
        .await;
    long.abort();
    let mut status = 409;
    for _ in 0..100 {
        status = ask(&service, "/profile/cpu?seconds=1")
            .await
            .status()
            .as_u16();
        if status != 409 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(status, 200);
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_the_reason() {
    let service = burning().start().unwrap();
    for query in [
        "seconds=0",
        "seconds=61",
        "seconds=-1",
        "seconds=1.5",
        "seconds=x",
        "seconds=",
        "format=png",
        "second=1",
    ] {
        let answer = Answer::of(to_admin(&service, &format!("/profile/cpu?{query}"))).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (400, &"invalid_query".into()),
            "{query}"
        );
    }
    let answer = Answer::of(to_admin(&service, "/profile/cpu?seconds=61"))
        .await
        .json();
    assert!(
        answer["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("1 to 60"),
        "{answer}"
    );
    let answer = Answer::of(to_admin(&service, "/profile/heap")).await;
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (409, &"heap_profiling_off".into())
    );
    assert!(
        answer.json()["detail"]
            .as_str()
            .unwrap()
            .contains("_RJEM_MALLOC_CONF")
    );
    assert!(
        !service
            .lines()
            .iter()
            .any(|line| line["message"] == "profile_taken")
    );
}

#[tokio::test]
async fn only_who_may_change_what_runs_takes_one() {
    let exposed = || burning().variable("ADMIN__ADDR", "0.0.0.0:0");
    let service = exposed().start().unwrap();
    for path in ["/profile/cpu?seconds=1", "/profile/heap"] {
        assert_eq!(ask(&service, path).await.status(), 403, "{path}");
    }
    let token = "correct-horse-battery";
    let service = exposed().variable("ADMIN__TOKEN", token).start().unwrap();
    assert_eq!(ask(&service, "/profile/cpu?seconds=1").await.status(), 401);
    let told = to_admin(&service, "/profile/cpu?seconds=1").bearer_auth(token);
    assert_eq!(told.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn what_is_held_is_named_by_who_asked_for_it() {
    let service = burning()
        .variable("_RJEM_MALLOC_CONF", "prof:true")
        .start()
        .unwrap();
    assert_eq!(service.anonymous().get("/hold/64").await.status, 200);
    let answer = ask(&service, "/profile/heap").await;
    assert_eq!(answer.status(), 200);
    let profile = format::read(&answer.bytes().await.unwrap());
    let share = profile.share_of("burning::fill_the_cellar");
    assert!(share > 0.5, "{share}");
    let line = service
        .line(|line| line["message"] == "profile_taken")
        .await;
    assert_eq!(line["kind"], Value::from("heap"));
}

fn to_admin(service: &TestService, path: &str) -> reqwest::RequestBuilder {
    Client::new().request(Method::GET, format!("http://{}{path}", service.admin()))
}
