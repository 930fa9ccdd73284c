//! An opinionated axum service framework in which every request can be seen.
