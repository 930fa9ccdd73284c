//! The service's own settings. The framework's stand in `config/default.toml` beside them.

use belvedere::settings;

settings! {
    /// Everything of our own, by section.
    pub struct Settings {
        /// Payments.
        pub payments: Payments = Payments::default(),
    }
}

settings! {
    /// The payment gateway.
    pub struct Payments {
        /// Where charges are sent, e.g. `http://payments:8080/`. Unset in development: a simulated gateway.
        pub url: Option<String> = None,
    }
}
