//! Configuration: environment over `config/<ENVIRONMENT>.toml` over `config/default.toml` over built-in defaults.
//!
//! A part of the house declares its knobs with [`settings!`](crate::settings): type, default and documentation stand
//! together, and both the loader and the generated `config/default.toml` read them from there.
//!
//! ```
//! use belvedere_core::config::{Environment, load};
//!
//! belvedere_core::settings! {
//!     /// The payment gateway.
//!     pub struct Payments {
//!         /// Where charges are sent.
//!         pub url: Option<String> = None,
//!         /// Charges above this many cents are refused.
//!         pub limit_cents: u64 = 100_000,
//!     }
//! }
//!
//! let environment = Environment::from_iter([("LIMIT_CENTS".to_owned(), "500".to_owned())]);
//! let payments: Payments = load(&environment).unwrap();
//! assert_eq!(payments.limit_cents, 500);
//!
//! let environment = Environment::from_iter([("LIMIT_CENTS".to_owned(), "lots".to_owned())]);
//! let error = load::<Payments>(&environment).unwrap_err();
//! assert!(error.to_string().contains("LIMIT_CENTS"));
//! ```

mod environment;
mod error;
mod knob;
mod load;
mod reference;
mod seconds;

pub use environment::Environment;
pub use error::{ConfigError, ConfigProblem, Problems};
pub use knob::{Docs, Knob};
pub use load::load;
pub use reference::reference;
pub use seconds::Seconds;
