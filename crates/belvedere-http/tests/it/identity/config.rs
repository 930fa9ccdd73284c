//! What can be set wrongly, all of it told at once.

use belvedere_core::config::Seconds;
use belvedere_http::AuthConfig;
use belvedere_testing::TokenKey;

use super::served::tokens;

/// The places that are wrong.
fn wrong(config: &AuthConfig, environment: &str) -> Vec<String> {
    let problems = config.check(environment).err().map(|error| error.problems);
    let problems = problems.unwrap_or_default();
    problems.into_iter().map(|problem| problem.place).collect()
}

const ES256: &str = "ES256";
const URL: &str = "https://issuer.test/jwks.json";

fn by_url(url: &str) -> AuthConfig {
    AuthConfig {
        jwt_jwks_url: Some(url.into()),
        ..tokens()
    }
}

fn by_pem(pem: &str, algorithm: Option<&str>) -> AuthConfig {
    AuthConfig {
        jwt_public_key: Some(pem.to_owned()),
        jwt_algorithm: algorithm.map(str::to_owned),
        ..tokens()
    }
}

fn by_secret(secret: &str, algorithm: Option<&str>) -> AuthConfig {
    AuthConfig {
        jwt_secret: Some(secret.into()),
        jwt_algorithm: algorithm.map(str::to_owned),
        ..tokens()
    }
}

#[test]
fn callers_are_known_in_one_way_and_headers_are_trusted_by_default_in_development_alone() {
    let none = AuthConfig::default();
    let said = |trusted_headers| AuthConfig {
        trusted_headers: Some(trusted_headers),
        ..AuthConfig::default()
    };
    let both = AuthConfig {
        trusted_headers: Some(true),
        ..by_url(URL)
    };
    let place = ["AUTH__TRUSTED_HEADERS"];
    assert!(wrong(&none, "development").is_empty());
    assert_eq!(wrong(&none, "production"), place);
    assert!(wrong(&said(true), "production").is_empty());
    assert_eq!(wrong(&said(false), "development"), place);
    assert_eq!(wrong(&both, "development"), place);
    for environment in ["development", "production"] {
        assert!(wrong(&by_url(URL), environment).is_empty(), "{environment}");
    }
}

#[test]
fn keys_have_one_place_that_is_reached_safely() {
    let place = ["AUTH__JWT_JWKS_URL"];
    let two = AuthConfig {
        jwt_public_key: Some(TokenKey::es256().public_pem()),
        ..by_url(URL)
    };
    let three = AuthConfig {
        jwt_secret: Some("x".repeat(40).into()),
        ..two.clone()
    };
    for config in [
        tokens(),
        two,
        three,
        by_url("nowhere"),
        by_url("file:///etc/keys"),
    ] {
        assert_eq!(wrong(&config, "development"), place, "{config:?}");
    }
    let plain = by_url("http://127.0.0.1/jwks.json");
    assert!(wrong(&plain, "development").is_empty());
    assert_eq!(wrong(&plain, "production"), place);
}

#[test]
fn a_key_fits_its_algorithm() {
    let (curve, rsa) = (
        TokenKey::es256().public_pem(),
        TokenKey::rs256().public_pem(),
    );
    let ed = TokenKey::eddsa().public_pem();
    for good in [
        by_pem(&curve, None),
        by_pem(&curve, Some(ES256)),
        by_pem(&rsa, Some("PS512")),
        by_pem(&ed, Some("EdDSA")),
        by_secret(&"x".repeat(32), None),
        by_secret(&"x".repeat(64), Some("HS512")),
    ] {
        assert!(wrong(&good, "production").is_empty(), "{good:?}");
    }
    let private = rsa.replace("PUBLIC", "PRIVATE");
    let certificate = rsa.replace("PUBLIC KEY", "CERTIFICATE");
    for bad in [
        by_pem(&curve, Some("RS256")),
        by_pem(&curve, Some("ES384")),
        by_pem(&rsa, Some(ES256)),
        by_pem(&rsa, Some("HS256")),
        by_pem(&ed, Some(ES256)),
        by_pem("a key", None),
        by_pem(&private, None),
        by_pem(&certificate, None),
    ] {
        assert_eq!(
            wrong(&bad, "production"),
            ["AUTH__JWT_PUBLIC_KEY"],
            "{bad:?}"
        );
    }
    for bad in [
        by_secret(&"x".repeat(31), None),
        by_secret(&"x".repeat(63), Some("HS512")),
        by_secret(&"x".repeat(32), Some("RS256")),
    ] {
        assert_eq!(wrong(&bad, "production"), ["AUTH__JWT_SECRET"], "{bad:?}");
    }
    for name in ["none", "None", "es256", "", "A128KW"] {
        let places = wrong(&by_pem(&curve, Some(name)), "production");
        assert_eq!(places, ["AUTH__JWT_ALGORITHM"], "{name}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_no_secret_with_it() {
    let config = AuthConfig {
        jwt_secret: Some("hunter2".into()),
        jwt_tenant_claim: String::new(),
        jwt_user_claim: String::new(),
        jwt_leeway_seconds: Seconds::new(3600),
        ..AuthConfig::default()
    };
    let told = config.check("production").unwrap_err().to_string();
    for place in [
        "ISSUER",
        "AUDIENCE",
        "TENANT_CLAIM",
        "USER_CLAIM",
        "LEEWAY_SECONDS",
        "SECRET",
    ] {
        assert!(
            told.contains(&format!("AUTH__JWT_{place}:")),
            "{place}: {told}"
        );
    }
    assert!(!told.contains("hunter2"), "{told}");
}
