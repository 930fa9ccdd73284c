/// Who this service is: the same in every signal it leaves.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The crate's name; `SERVICE__NAME` and `OTEL_SERVICE_NAME` override it.
    pub name: &'static str,
    /// The crate's version.
    pub version: &'static str,
}

impl About {
    /// Usually called as `belvedere::about!()`, which takes both from Cargo.
    pub const fn new(name: &'static str, version: &'static str) -> Self {
        Self { name, version }
    }
}
