use belvedere_testing::TestService;
{%- if database == "postgres" %}
use belvedere_testing::ThrowAwayPostgres;
{%- endif %}

/// Starts the service on free ports, with a database of its own.
pub fn start() -> TestService {
    TestService::builder(env!("CARGO_BIN_EXE_{{project-name}}"))
{%- if database == "sqlite" %}
        .sqlite()
{%- else %}
        .postgres(ThrowAwayPostgres::start().expect("PostgreSQL starts"))
{%- endif %}
        .start()
        .expect("the service starts")
}
