use belvedere_http::Problem;

/// Not built in.
pub(super) async fn take() -> Result<Vec<u8>, Problem> {
    let detail = "this service was built without the feature `heap-profiling` of belvedere";
    Err(Problem::not_found("heap_profiling_not_built_in").detail(detail))
}
