use super::*;
use crate::{ConnectionUrl, Secret, config::Seconds, settings};

settings! {
    /// Everything.
    struct All {
        /// Listener.
        http: Http = Http::default(),
        /// Database.
        database: Database = Database::default(),
        /// OpenTelemetry.
        otel: Otel = Otel::default(),
    }
}
settings! {
    /// Listener.
    struct Http {
        /// Address.
        addr: std::net::SocketAddr = ([127, 0, 0, 1], 8000).into(),
        /// Names.
        names: Vec<String> = Vec::new(),
        /// Patience.
        patience: Seconds = Seconds::new(5),
    }
}
settings! {
    /// Database.
    struct Database {
        /// Where.
        url: ConnectionUrl = "sqlite://x".into(),
        /// Size.
        pool_size: u32 = 5,
        /// Secret.
        password: Option<Secret> = None,
        /// Secret by its type alone.
        pin: Option<Secret<u16>> = None,
    }
}
settings! {
    /// OpenTelemetry.
    struct Otel {
        /// Where.
        exporter_otlp_endpoint: Option<String> = None,
    }
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn problems(environment: &Environment) -> Vec<String> {
    let error = load::<All>(environment).unwrap_err();
    error.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn variables_win_over_files_and_take_the_type_of_their_knob() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("default.toml"),
        "[http]\npatience = 2.5\n[database]\npool_size = 7",
    )
    .unwrap();
    std::fs::write(
        directory.path().join("production.toml"),
        "[database]\npool_size = 8",
    )
    .unwrap();
    let all: All = load(
        &environment(&[
            ("ENVIRONMENT", "production"),
            ("HTTP__NAMES", "a, b"),
            ("DATABASE_URL", "postgres://u:p@h/d"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"),
            ("SOMEBODY__ELSE", "1"),
        ])
        .directory(directory.path()),
    )
    .unwrap();
    assert_eq!(all.database.pool_size, 8);
    assert_eq!(all.http.names, ["a", "b"]);
    assert_eq!(all.http.patience, Seconds::deserialize_for_test(2.5));
    assert_eq!(all.database.url.expose(), "postgres://u:p@h/d");
    assert!(all.otel.exporter_otlp_endpoint.is_some());
}

impl Seconds {
    fn deserialize_for_test(seconds: f64) -> Self {
        serde_json::from_value(seconds.into()).unwrap()
    }
}

#[test]
fn every_problem_is_told_at_once_with_its_place_and_the_mend() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("default.toml"),
        "[http]\nadr = 1\n[nosuch]\nx = 1",
    )
    .unwrap();
    let environment = environment(&[
        ("HTTP__ADDR", "nonsense"),
        ("HTTP__PORT", "1"),
        ("HTTP__PATIENCE", "-1"),
        ("DATABASE_POOL_SIZE", "many"),
        ("DATABASE__PASSWORD_FILE", "/nonexistent"),
    ])
    .directory(directory.path());
    let problems = problems(&environment).join("\n");
    for part in [
        "default.toml: http.adr: unknown key; known here: http.addr",
        "default.toml: nosuch.x: unknown key; there is no such section",
        "HTTP__ADDR: \"nonsense\" is not valid: invalid socket address",
        "HTTP__PORT: unknown key; known here: http.addr, http.names, http.patience",
        "HTTP__PATIENCE: \"-1\" is not valid",
        "DATABASE_POOL_SIZE: \"many\" is not valid",
        "DATABASE__PASSWORD_FILE: /nonexistent: No such file",
    ] {
        assert!(problems.contains(part), "{part}\nnot in\n{problems}");
    }
}

#[test]
fn a_secret_is_read_from_a_file_and_never_shown() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    std::fs::write(&file, "hunter2\n").unwrap();
    let all: All = load(&environment(&[(
        "DATABASE__PASSWORD_FILE",
        file.to_str().unwrap(),
    )]))
    .unwrap();
    assert_eq!(all.database.password.as_ref().unwrap().expose(), "hunter2");
    assert!(!format!("{all:?}{}", serde_json::to_string(&all).unwrap()).contains("hunter2"));
}

#[test]
fn a_secret_that_is_not_valid_is_named_and_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("default.toml");
    std::fs::write(file, "[database]\npin = [4711]").unwrap();
    let environment = environment(&[("DATABASE__PIN", "hunter2")]).directory(directory.path());
    let problems = problems(&environment);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].ends_with("default.toml: database.pin: is not valid"));
    assert_eq!(problems[1], "DATABASE__PIN: is not valid");
    let all: All = load(
        &[("DATABASE__PIN".to_owned(), "4711".to_owned())]
            .into_iter()
            .collect(),
    )
    .unwrap();
    assert_eq!(all.database.pin, Some(Secret::new(4711)));
}

#[test]
fn a_file_that_is_not_toml_is_named() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("default.toml"), "[http\n").unwrap();
    let problems = problems(&environment(&[]).directory(directory.path()));
    assert!(problems[0].contains("default.toml"), "{problems:?}");
}
