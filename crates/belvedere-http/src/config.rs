use std::{net::SocketAddr, path::PathBuf};

use belvedere_core::{
    Secret, TrustedPeers,
    config::{ConfigError, Problems, Seconds},
    settings,
};

use crate::server::Tls;

const TLS_CERT_FILE: &str = "HTTP__TLS_CERT_FILE";
const TLS_KEY_FILE: &str = "HTTP__TLS_KEY_FILE";

/// What can be tried out over a network is no secret.
const MIN_TOKEN: usize = 16;

settings! {
    /// The public listener.
    pub struct HttpConfig {
        /// Where it listens; port 0 takes a free one.
        pub addr: SocketAddr = ([127, 0, 0, 1], 8000).into(),
        /// Longest time for a handler; past it the caller gets 503.
        pub timeout_seconds: Seconds = Seconds::new(30),
        /// Requests handled at once; more get 503 and are told to come again. Probes are not counted.
        pub max_concurrent_requests: u32 = 1000,
        /// Largest request body, in bytes, also after it was decompressed; past it the caller gets 413. A route may have its own.
        pub body_limit_bytes: usize = 1024 * 1024,
        /// Longest time for a request's body to arrive; past it the caller gets 408. A route may have its own.
        pub body_timeout_seconds: Seconds = Seconds::new(30),
        /// Longest time for the head of a request to arrive.
        pub header_timeout_seconds: Seconds = Seconds::new(10),
        /// Longest time between two requests of one connection; longer than what the balancer before it keeps.
        pub idle_timeout_seconds: Seconds = Seconds::new(75),
        /// Requests a second from one address (IPv6: one /64); more get 429. 0 is no limit. Each replica counts for itself.
        pub rate_limit_per_ip: u32 = 0,
        /// Requests at once from an address that was quiet before; 0 is as many as a second's.
        pub rate_limit_per_ip_burst: u32 = 0,
        /// Requests a second from one user of a tenant; more get 429. 0 is no limit. Each replica counts for itself.
        pub rate_limit_per_principal: u32 = 0,
        /// Requests at once from a user that was quiet before; 0 is as many as a second's.
        pub rate_limit_per_principal_burst: u32 = 0,
        /// Addresses and networks of proxies whose `x-forwarded-for` is believed; default: none.
        pub trusted_proxies: TrustedPeers = TrustedPeers::none(),
        /// Connections at once; more wait in the kernel's queue.
        pub max_connections: u32 = 10_000,
        /// Compresses answers from 1 KiB on for callers that accept gzip.
        pub compression: bool = true,
        /// Origins of pages that may call from a browser, such as `https://shop.example`; `*` is any.
        pub cors_origins: Vec<String> = Vec::new(),
        /// Lets those pages send cookies and other credentials.
        pub cors_credentials: bool = false,
        /// Tells browsers to come by https only, for two years: for services behind a proxy that has TLS.
        pub hsts: bool = false,
        /// Serves `/openapi.json` and `/docs`; default: in development only.
        pub docs: Option<bool> = None,
        /// A PEM file with the certificate and what leads to its issuer: with it, and its key, this listener speaks TLS only.
        pub tls_cert_file: Option<PathBuf> = None,
        /// A PEM file with the certificate's private key. Both are read again when they change, and at SIGHUP.
        pub tls_key_file: Option<PathBuf> = None,
        /// Serves `/metrics` here too.
        pub expose_metrics: bool = false,
    }
}

impl HttpConfig {
    /// What the type of no single knob can tell.
    ///
    /// # Errors
    ///
    /// Origins that are none, or that every page could borrow credentials by.
    pub fn check(&self) -> Result<(), ConfigError> {
        let mut problems = Problems::default();
        problems.take(crate::protect::check_cors(self));
        problems.take(crate::rate::check_rates(self));
        problems.take(self.tls());
        problems.into_result()
    }

    /// What this listener shows by TLS, read from its files; none when it is plain.
    ///
    /// # Errors
    ///
    /// One of both files is not named, or they cannot be used.
    pub fn tls(&self) -> Result<Option<Tls>, ConfigError> {
        let (certificate, key) = match (&self.tls_cert_file, &self.tls_key_file) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            (None, Some(_)) => return Err(missing(TLS_CERT_FILE, TLS_KEY_FILE)),
            (Some(_), None) => return Err(missing(TLS_KEY_FILE, TLS_CERT_FILE)),
        };
        let tls = Tls::load(certificate, key).map_err(|error| {
            let variable = if error.is_of_key() {
                TLS_KEY_FILE
            } else {
                TLS_CERT_FILE
            };
            ConfigError::new(variable, format!("cannot be used: {error}"))
        });
        tls.map(Some)
    }

    /// Whether this listener speaks TLS.
    pub const fn has_tls(&self) -> bool {
        self.tls_cert_file.is_some() && self.tls_key_file.is_some()
    }
}

fn missing(variable: &str, other: &str) -> ConfigError {
    let message = format!("is not set, but {other} is: TLS needs both");
    ConfigError::new(variable, message)
}

settings! {
    /// The gRPC listener, where the service has one. TLS, rate limits and trusted proxies are those of HTTP.
    pub struct GrpcConfig {
        /// Where it listens; port 0 takes a free one.
        pub addr: SocketAddr = ([127, 0, 0, 1], 50051).into(),
        /// Longest time to the head of an answer; past it the caller gets DEADLINE_EXCEEDED. A stream that has begun goes on.
        pub timeout_seconds: Seconds = Seconds::new(30),
        /// Calls at once, open streams included; more get UNAVAILABLE and are told to come again. Health checks are not counted.
        pub max_concurrent_calls: u32 = 1000,
        /// Connections at once; more wait in the kernel's queue.
        pub max_connections: u32 = 10_000,
        /// How old a connection may grow, give or take a tenth, before its caller is told to open another; default: for ever.
        pub max_connection_age_seconds: Option<Seconds> = None,
        /// Serves reflection, which tells anybody what the services take and give; default: in development only.
        pub reflection: Option<bool> = None,
    }
}

settings! {
    /// The admin listener: metrics, health, what is running. It has a thread of its own.
    pub struct AdminConfig {
        /// Where it listens; port 0 takes a free one.
        pub addr: SocketAddr = ([127, 0, 0, 1], 9464).into(),
        /// Asked for by everything that changes something: `authorization: Bearer ..`. Without it only loopback is obeyed.
        pub token: Option<Secret> = None,
        /// The folder of the runbooks that `/runbooks` serves, read at the start.
        pub runbooks: PathBuf = PathBuf::from("runbooks"),
    }
}

impl AdminConfig {
    /// What the type of no single knob can tell.
    ///
    /// # Errors
    ///
    /// A token that no header can carry, or that anybody can guess.
    pub fn check(&self) -> Result<(), ConfigError> {
        let is_told = |token: &Secret| token.expose().bytes().all(|byte| byte.is_ascii_graphic());
        let is_long = |token: &Secret| token.expose().len() >= MIN_TOKEN;
        match &self.token {
            Some(token) if !is_told(token) || !is_long(token) => Err(ConfigError::new(
                "ADMIN__TOKEN",
                format!("is not valid: it has to be at least {MIN_TOKEN} visible ASCII characters"),
            )),
            _ => Ok(()),
        }
    }
}
