/// Who this service is: the same in every signal it leaves.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// The crate's name; `SERVICE__NAME` and `OTEL_SERVICE_NAME` override it.
    pub name: &'static str,
    /// The crate's version.
    pub version: &'static str,
    /// The commit that it was built from, if the build was told.
    pub commit: Option<&'static str>,
    /// The compiler's version.
    pub rustc: &'static str,
}

impl About {
    /// Usually called as `belvedere::about!()`, which takes both from Cargo.
    pub const fn new(name: &'static str, version: &'static str) -> Self {
        Self {
            name,
            version,
            commit: None,
            rustc: env!("BELVEDERE_RUSTC"),
        }
    }

    /// Where the sources were.
    #[must_use]
    pub const fn commit(mut self, commit: Option<&'static str>) -> Self {
        self.commit = commit;
        self
    }
}
