//! An issuer of tokens that lives in the test: keys made at run time, and their JWK Set over a real socket.
//!
//! ```no_run
//! use belvedere_testing::{TestService, TokenIssuer};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let issuer = TokenIssuer::start()?;
//! let service = TestService::builder("target/debug/shop").tokens(&issuer).start()?;
//! let token = issuer.token("acme", "ada");
//! assert_eq!(service.bearer(&token).get("/v1/orders").await.status, 200);
//! # Ok(())
//! # }
//! ```

mod der;
mod issuer;
mod key;
mod serve;

pub use issuer::TokenIssuer;
pub use key::TokenKey;
