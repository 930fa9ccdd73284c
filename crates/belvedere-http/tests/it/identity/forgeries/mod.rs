//! What people send who have no token, each with why it is refused.

mod heads;
mod said;
mod signatures;

use belvedere_testing::TokenKey;

use super::{AUDIENCE, ISSUER, claims, now};

/// A name, header lines, and the reason.
pub(super) type Forgery = (&'static str, String, &'static str);

/// For a service that takes what `key` has signed, and nothing else.
pub(super) fn forgeries(key: &TokenKey) -> Vec<Forgery> {
    let mut all = no_tokens(key);
    all.extend(signatures::unsigned(key).map(bearer));
    all.extend(signatures::signed_wrongly(key).map(bearer));
    all.extend(heads::own_keys(key).map(bearer));
    all.extend(heads::kinds(key).map(bearer));
    all.extend(said::times(key).map(bearer));
    all.extend(said::parties(key).map(bearer));
    all.extend(said::names(key).map(bearer));
    all.extend(shapes(key).map(bearer));
    all
}

fn bearer((name, token, reason): Forgery) -> Forgery {
    (name, format!("authorization: Bearer {token}\r\n"), reason)
}

fn no_tokens(key: &TokenKey) -> Vec<Forgery> {
    let token = key.sign(&claims());
    let line = |value: &str| format!("authorization: {value}\r\n");
    let twice = line(&format!("Bearer {token}")).repeat(2);
    let beside = format!("{}{}", line("Bearer x"), line(&format!("Bearer {token}")));
    vec![
        ("nothing", String::new(), "missing"),
        (
            "headers of a proxy",
            "x-tenant-id: acme\r\n".to_owned(),
            "missing",
        ),
        (
            "another header",
            format!("x-authorization: Bearer {token}\r\n"),
            "missing",
        ),
        ("a cookie", format!("cookie: token={token}\r\n"), "missing"),
        ("another scheme", line("Basic YWRhOmFkYQ=="), "missing"),
        (
            "the token under another scheme",
            line(&format!("Token {token}")),
            "missing",
        ),
        ("the scheme alone", line("Bearer"), "malformed"),
        ("a scheme and nothing", line("Bearer "), "malformed"),
        ("a token without a scheme", line(&token), "malformed"),
        ("the same token twice", twice, "malformed"),
        ("a good token behind a bad one", beside, "malformed"),
        (
            "two tokens in a header",
            line(&format!("Bearer {token}, Bearer {token}")),
            "malformed",
        ),
        ("not ASCII", line("Bearer ключ"), "malformed"),
    ]
}

fn shapes(key: &TokenKey) -> impl Iterator<Item = Forgery> {
    let token = key.sign(&claims());
    let head = key.header().to_string();
    let claims_twice = claims()
        .to_string()
        .replacen('{', r#"{"tenant_id":"umbrella","#, 1);
    let payload = |text: &str| key.sign_text(&head, text);
    let huge = claims()
        .to_string()
        .replacen('{', &format!(r#"{{"x":"{}","#, "x".repeat(9000)), 1);
    [
        (
            "two parts",
            token.rsplit_once('.').unwrap().0.to_owned(),
            "malformed",
        ),
        ("one part", "eyJhbGciOiJub25lIn0".to_owned(), "malformed"),
        ("four parts", format!("{token}.x"), "malformed"),
        ("five parts", format!("{token}.x.y"), "malformed"),
        ("dots alone", "..".to_owned(), "malformed"),
        ("a dot in front", format!(".{token}"), "malformed"),
        ("cut in its head", token[..10].to_owned(), "malformed"),
        ("padding", format!("{token}=="), "malformed"),
        (
            "letters of the other alphabet",
            token.replacen('e', "+", 1),
            "malformed",
        ),
        ("a space within", token.replacen('.', ". ", 1), "signature"),
        ("claims that are a list", payload("[]"), "malformed"),
        ("claims that are none", payload("claims"), "malformed"),
        ("a claim twice", payload(&claims_twice), "malformed"),
        (
            "claims nested too deep",
            payload(&"[".repeat(5000)),
            "malformed",
        ),
        (
            "something behind the claims",
            payload(&format!("{}{{}}", claims())),
            "malformed",
        ),
        ("longer than any token", payload(&huge), "malformed"),
    ]
    .into_iter()
}
