use belvedere_testing::TestService;
{%- if database == "postgres" %}
use belvedere_testing::ThrowAwayPostgres;
{%- endif %}

/// Starts the service on free ports, with a database of its own.
pub fn start() -> TestService {
{%- if database == "sqlite" %}
    TestService::builder(env!("CARGO_BIN_EXE_{{project-name}}")).sqlite().start().unwrap()
{%- else %}
    let database = ThrowAwayPostgres::start().unwrap();
    TestService::builder(env!("CARGO_BIN_EXE_{{project-name}}")).postgres(database).start().unwrap()
{%- endif %}
}
