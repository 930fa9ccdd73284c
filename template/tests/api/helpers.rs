use belvedere_testing::{TestService, TestServiceBuilder};
{%- if database == "postgres" %}
use belvedere_testing::ThrowAwayPostgres;
{%- endif %}
{%- if redis %}
use belvedere_testing::ThrowAwayRedis;
{%- endif %}

/// Starts the service on free ports, with a database of its own.
pub fn start() -> TestService {
    builder().start().expect("the service starts")
}

/// The same, to be told more before it starts.
pub fn builder() -> TestServiceBuilder {
    TestService::builder(env!("CARGO_BIN_EXE_{{project-name}}"))
{%- if database == "sqlite" %}
        .sqlite()
{%- else %}
        .postgres(ThrowAwayPostgres::start().expect("PostgreSQL starts"))
{%- endif %}
{%- if redis %}
        .redis(ThrowAwayRedis::start().expect("Redis starts"))
{%- endif %}
}
