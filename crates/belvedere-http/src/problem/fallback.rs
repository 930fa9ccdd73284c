use axum::Router;
use http::StatusCode;

use super::Problem;

/// Gives `router` the answers for what it does not know: 404 and 405 as problems.
pub fn fallbacks<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    no_such_route_problem(method_not_allowed_problems(router))
}

/// Answers what no route of `router` matches: 404 as a problem.
pub fn no_such_route_problem<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.fallback(no_such_route)
}

/// Answers methods that a route of `router` does not take: 405 as a problem.
pub fn method_not_allowed_problems<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
) -> Router<S> {
    router.method_not_allowed_fallback(method_not_allowed)
}

async fn no_such_route() -> Problem {
    Problem::not_found("route_not_found").detail("no route matches this path")
}

async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
        .detail("the route does not take this method; see the allow header")
}
