use std::fmt;

use belvedere_core::About;
use utoipa::openapi::{Components, Info, OpenApi, PathItem, Paths, RefOr, path::Operation};

use super::{Credentials, answers, problem};

/// What the authors of a service's routes have written down, by who may call them.
#[derive(Clone, Default)]
pub struct Described {
    /// For callers who say for whom they ask.
    pub guarded: OpenApi,
    /// For anybody.
    pub open: OpenApi,
}

impl fmt::Debug for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = |api: &OpenApi| api.paths.paths.len();
        f.debug_struct("Described")
            .field("guarded", &paths(&self.guarded))
            .field("open", &paths(&self.open))
            .finish()
    }
}

/// The whole document: `described`, and what is the same for all routes.
pub fn document(about: &About, described: Described, credentials: Credentials) -> OpenApi {
    let Described {
        mut guarded,
        mut open,
    } = described;
    each_operation(&mut guarded.paths, |path, operation| {
        operation
            .security
            .get_or_insert_with(|| credentials.requirements());
        answers::add(operation, true);
        complete(path, operation);
    });
    each_operation(&mut open.paths, |path, operation| {
        answers::add(operation, false);
        complete(path, operation);
    });
    let mut api = guarded.merge_from(open);
    api.info = Info::new(about.name, about.version);
    share(api.components.get_or_insert_default(), credentials);
    api
}

fn each_operation(paths: &mut Paths, mut change: impl FnMut(&str, &mut Operation)) {
    for (path, item) in &mut paths.paths {
        operations(item).for_each(|operation| change(path, operation));
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        put,
        post,
        delete,
        options,
        head,
        patch,
        trace,
        ..
    } = item;
    [get, put, post, delete, options, head, patch, trace]
        .into_iter()
        .flatten()
}

fn complete(path: &str, operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let (Ok(status), RefOr::T(response)) = (status.parse(), response) {
            answers::complete(status, response);
        }
    }
    let Some(domain) = domain(path) else { return };
    // A handler's name is unique in its own domain only.
    if let Some(id) = &mut operation.operation_id {
        *id = format!("{domain}_{id}");
    }
    let tags = operation.tags.get_or_insert_default();
    if tags.is_empty() {
        tags.push(domain.to_owned());
    }
}

/// The first segment that is neither a version nor a parameter: `orders` of `/v1/orders/{id}`.
fn domain(path: &str) -> Option<&str> {
    let is_version = |segment: &str| {
        let number = segment.strip_prefix('v');
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.find(|segment| !segment.starts_with('{') && !is_version(segment))
}

fn share(components: &mut Components, credentials: Credentials) {
    let schema = || problem::schema();
    components
        .schemas
        .entry(problem::PROBLEM.to_owned())
        .or_insert_with(schema);
    let responses = answers::all().map(|(name, response)| (name, response.into()));
    components.responses.extend(responses);
    let headers = problem::headers().map(|(name, header)| (name, header.into()));
    components.headers.extend(headers);
    for (name, scheme) in credentials.schemes() {
        components.add_security_scheme(name, scheme);
    }
}
