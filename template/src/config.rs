//! The service's own settings. The framework's stand in `config/default.toml` beside them.

use belvedere::{UpstreamConfig, settings};

settings! {
    /// Everything of our own, by section.
    pub struct Settings {
        /// The payment gateway, which charges are sent to. Without a URL in development: a simulated one.
        pub payments: UpstreamConfig = UpstreamConfig::default(),
    }
}
