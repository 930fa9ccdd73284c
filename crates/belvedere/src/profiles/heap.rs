use axum::http::StatusCode;
use belvedere_heap::HeapError;
use belvedere_http::Problem;

pub(super) async fn take() -> Result<Vec<u8>, Problem> {
    belvedere_heap::profile()
        .await
        .map_err(|error| match error {
            HeapError::Off => Problem::new(StatusCode::CONFLICT, "heap_profiling_off").detail(
                "jemalloc does not sample: start the service with _RJEM_MALLOC_CONF=prof:true",
            ),
            error => Problem::internal(error),
        })
}
