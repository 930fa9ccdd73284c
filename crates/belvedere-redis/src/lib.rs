//! Caching for Belvedere services.
