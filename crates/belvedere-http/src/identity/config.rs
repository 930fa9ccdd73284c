use belvedere_core::{
    ConnectionUrl, Secret,
    config::{ConfigError, ConfigProblem, Seconds},
    settings,
};
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use reqwest::Url;

use super::{
    jwks::Jwks,
    token::{Key, Rules, Tokens, from_pem, from_secret, parse_algorithm},
};

/// Where proxies' headers are believed unless somebody says otherwise, and issuers may be asked without TLS.
const DEVELOPMENT: &str = "development";
/// RFC 7518, section 3.2: as many bytes as the hash has.
const MIN_SECRET: [(Algorithm, usize); 3] = [
    (Algorithm::HS256, 32),
    (Algorithm::HS384, 48),
    (Algorithm::HS512, 64),
];
/// Clocks that are further apart are broken.
const MAX_LEEWAY_SECONDS: u64 = 300;

settings! {
    /// Who may call: those that a proxy has checked, or those with a token.
    pub struct AuthConfig {
        /// Takes `x-tenant-id` and `x-user-id` as true, as sent by a proxy that has checked them; default: in development only.
        pub trusted_headers: Option<bool> = None,
        /// What the claim `iss` of a token has to be.
        pub jwt_issuer: Option<String> = None,
        /// What the claim `aud` of a token has to be, or to have among others.
        pub jwt_audience: Option<String> = None,
        /// Where the issuer's public keys are (JWK Set), e.g. `https://issuer.example/.well-known/jwks.json`.
        pub jwt_jwks_url: Option<ConnectionUrl> = None,
        /// How long such a set is used before it is fetched again; an unknown key is asked for at once.
        pub jwt_jwks_refresh_seconds: Seconds = Seconds::new(300),
        /// The issuer's one public key, in PEM form.
        pub jwt_public_key: Option<String> = None,
        /// The key that issuer and service share; 32 bytes at least.
        pub jwt_secret: Option<Secret> = None,
        /// The one algorithm that tokens are signed by, e.g. `ES256`; default: the usual one of the key.
        pub jwt_algorithm: Option<String> = None,
        /// The claim that names the tenant.
        pub jwt_tenant_claim: String = "tenant_id".to_owned(),
        /// The claim that names the user.
        pub jwt_user_claim: String = "sub".to_owned(),
        /// How far the clocks of issuer and service may be apart.
        pub jwt_leeway_seconds: Seconds = Seconds::new(30),
    }
}

impl AuthConfig {
    /// What the type of no single knob can tell.
    ///
    /// # Errors
    ///
    /// Callers are known in no way, or in two; or keys, algorithm and claims do not fit.
    pub fn check(&self, environment: &str) -> Result<(), ConfigError> {
        self.tokens(environment).map(drop)
    }

    /// What tokens are checked by; `None` where headers are believed.
    pub(super) fn tokens(&self, environment: &str) -> Result<Option<Tokens>, ConfigError> {
        let is_development = environment == DEVELOPMENT;
        let mut wrong = Wrong::default();
        let tokens = match (self.wants_tokens(), self.trusted_headers) {
            (false, None) if is_development => None,
            (false, Some(true)) => None,
            (false, _) => wrong.tell("AUTH__TRUSTED_HEADERS", &NOBODY),
            (true, Some(true)) => wrong.tell("AUTH__TRUSTED_HEADERS", &BOTH),
            (true, _) => self.read_tokens(is_development, &mut wrong),
        };
        wrong.or(tokens)
    }

    fn wants_tokens(&self) -> bool {
        let named = [&self.jwt_issuer, &self.jwt_audience, &self.jwt_algorithm];
        named.iter().any(|knob| knob.is_some()) || self.has_key()
    }

    fn has_key(&self) -> bool {
        self.jwt_jwks_url.is_some() || self.jwt_public_key.is_some() || self.jwt_secret.is_some()
    }

    fn read_tokens(&self, is_development: bool, wrong: &mut Wrong) -> Option<Tokens> {
        let rules = self.rules(wrong);
        let algorithm = self.algorithm(wrong);
        match (&self.jwt_jwks_url, &self.jwt_public_key, &self.jwt_secret) {
            (Some(url), None, None) => {
                let url = wrong.take("AUTH__JWT_JWKS_URL", jwks_url(url, is_development))?;
                let refresh = self.jwt_jwks_refresh_seconds.duration();
                let rules = rules.unwrap_or_default();
                let jwks = Jwks::new(url, refresh, algorithm, rules.clone());
                Some(Tokens::signed_by_issuer(jwks, rules))
            }
            (None, Some(pem), None) => {
                let rules = rules.unwrap_or_default();
                let key = from_pem(pem, algorithm, &rules).map_err(|error| error.to_string());
                let key = wrong.take("AUTH__JWT_PUBLIC_KEY", key)?;
                Some(Tokens::signed_with(key, rules))
            }
            (None, None, Some(secret)) => {
                let rules = rules.unwrap_or_default();
                let key = wrong.take("AUTH__JWT_SECRET", shared(secret, algorithm, &rules))?;
                Some(Tokens::signed_with(key, rules))
            }
            (None, None, None) => wrong.tell("AUTH__JWT_JWKS_URL", &NO_KEY),
            _ => wrong.tell("AUTH__JWT_JWKS_URL", &MANY_KEYS),
        }
    }

    fn rules(&self, wrong: &mut Wrong) -> Option<Rules> {
        let leeway = self.jwt_leeway_seconds.duration().as_secs();
        let fits = leeway <= MAX_LEEWAY_SECONDS;
        let leeway_seconds = wrong.take(
            "AUTH__JWT_LEEWAY_SECONDS",
            fits.then_some(leeway).ok_or(LEEWAY),
        );
        let claim = |name: &String| (!name.is_empty()).then(|| name.clone()).ok_or(NO_CLAIM);
        let issuer = wrong.take("AUTH__JWT_ISSUER", self.jwt_issuer.clone().ok_or(NO_ISSUER));
        let audience = wrong.take(
            "AUTH__JWT_AUDIENCE",
            self.jwt_audience.clone().ok_or(NO_AUDIENCE),
        );
        let tenant = wrong.take("AUTH__JWT_TENANT_CLAIM", claim(&self.jwt_tenant_claim));
        let user = wrong.take("AUTH__JWT_USER_CLAIM", claim(&self.jwt_user_claim));
        Some(Rules {
            issuer: issuer?,
            audience: audience?,
            leeway_seconds: leeway_seconds?,
            tenant_claim: tenant?,
            user_claim: user?,
        })
    }

    fn algorithm(&self, wrong: &mut Wrong) -> Option<Algorithm> {
        let name = self.jwt_algorithm.as_deref();
        let algorithm = name.map(parse_algorithm).transpose();
        wrong.take("AUTH__JWT_ALGORITHM", algorithm).flatten()
    }
}

const NOBODY: &str = "callers are not identified: set AUTH__JWT_ISSUER, AUTH__JWT_AUDIENCE and AUTH__JWT_JWKS_URL, or put the \
                      service behind a proxy that checks callers and sets x-tenant-id, and say so with \
                      AUTH__TRUSTED_HEADERS=true";
const BOTH: &str = "callers are identified by tokens, so headers cannot be believed too: take this or AUTH__JWT_* away";
const NO_KEY: &str =
    "no key to check tokens with: set this, AUTH__JWT_PUBLIC_KEY or AUTH__JWT_SECRET";
const MANY_KEYS: &str =
    "there is one place for keys: set only one of this, AUTH__JWT_PUBLIC_KEY and AUTH__JWT_SECRET";
const NO_ISSUER: &str = "is missing: a token of any issuer that has the key would be taken";
const NO_AUDIENCE: &str = "is missing: tokens that were made for other services would be taken";
const NO_CLAIM: &str = "is empty";
const LEEWAY: &str = "is not valid: clocks may be apart by 300 s at most";

/// Everything that is wrong, to be told at once.
#[derive(Debug, Default)]
struct Wrong(Vec<ConfigProblem>);

impl Wrong {
    fn tell<T>(&mut self, place: &str, message: &impl ToString) -> Option<T> {
        let (place, message) = (place.to_owned(), message.to_string());
        self.0.push(ConfigProblem { place, message });
        None
    }

    fn take<T>(&mut self, place: &str, outcome: Result<T, impl ToString>) -> Option<T> {
        outcome.map_or_else(|error| self.tell(place, &error), Some)
    }

    fn or<T>(self, outcome: T) -> Result<T, ConfigError> {
        let problems = self.0;
        if problems.is_empty() {
            Ok(outcome)
        } else {
            Err(ConfigError { problems })
        }
    }
}

/// Who can change the keys on their way can sign as anybody.
fn jwks_url(url: &ConnectionUrl, is_development: bool) -> Result<Url, String> {
    let parsed: Url = url.expose().parse().map_err(|_| "is no URL".to_owned())?;
    match parsed.scheme() {
        "https" => Ok(parsed),
        "http" if is_development => Ok(parsed),
        _ => Err(
            "is not valid: keys are fetched over https, outside of development at least".to_owned(),
        ),
    }
}

fn shared(secret: &Secret, algorithm: Option<Algorithm>, rules: &Rules) -> Result<Key, String> {
    let algorithm = algorithm.unwrap_or(Algorithm::HS256);
    if algorithm.family() != AlgorithmFamily::Hmac {
        return Err(format!(
            "does not fit the algorithm: a secret is for HS256, not for {algorithm:?}"
        ));
    }
    let least = MIN_SECRET.iter().find(|(known, _)| *known == algorithm);
    let least = least.map_or(usize::MAX, |(_, bytes)| *bytes);
    if secret.expose().len() < least {
        return Err(format!(
            "is not valid: a secret for {algorithm:?} has at least {least} bytes"
        ));
    }
    Ok(from_secret(secret.expose(), algorithm, rules))
}
