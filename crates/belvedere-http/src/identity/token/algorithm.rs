use jsonwebtoken::Algorithm;

/// What ring has of RFC 7518; `none` is no algorithm.
const NAMES: [(&str, Algorithm); 12] = [
    ("HS256", Algorithm::HS256),
    ("HS384", Algorithm::HS384),
    ("HS512", Algorithm::HS512),
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("EdDSA", Algorithm::EdDSA),
];

/// The algorithm of a name as `AUTH__JWT_ALGORITHM` has it, or what may stand there.
pub(in crate::identity) fn parse(name: &str) -> Result<Algorithm, String> {
    let known = NAMES.iter().find(|(known, _)| *known == name);
    known.map(|(_, algorithm)| *algorithm).ok_or_else(|| {
        let names = NAMES.map(|(name, _)| name).join(", ");
        format!("{name:?} is no algorithm that is taken; one of {names}")
    })
}
