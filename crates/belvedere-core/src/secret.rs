use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::redact::{REDACTED, redact_text};

/// A value, mostly a string, that shows itself only to [`Secret::expose`]: neither `Debug` nor `Display` nor `Serialize` tells
/// anything of it, not even its length. What cannot be read as one is not repeated either.
///
/// ```
/// use belvedere_core::Secret;
///
/// let token = Secret::from("hunter2");
/// assert_eq!(format!("{token:?} {token}"), "[REDACTED] [REDACTED]");
/// assert_eq!(token.expose(), "hunter2");
///
/// let pin = Secret::new(4711_u16);
/// assert_eq!(format!("{pin:?} {pin}"), "[REDACTED] [REDACTED]");
/// assert_eq!(*pin.expose(), 4711);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T = String>(T);

impl<T> Secret<T> {
    /// Of any type; a string is made one by `from` as well.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Search for this name to see every place that reads a secret.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<S: Into<String>> From<S> for Secret {
    fn from(value: S) -> Self {
        Self(value.into())
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What serde says of a value that does not fit has the value in it.
        let read = T::deserialize(deserializer);
        read.map(Self)
            .map_err(|_| D::Error::custom("not what this secret should be"))
    }
}

/// A URL that may hold a user and a password (RFC 3986, userinfo): shown without them.
///
/// ```
/// use belvedere_core::ConnectionUrl;
///
/// let url = ConnectionUrl::from("postgres://shop:hunter2@db/shop");
/// assert_eq!(url.to_string(), "postgres://[REDACTED]@db/shop");
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ConnectionUrl(String);

impl ConnectionUrl {
    /// The whole URL, password included.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<S: Into<String>> From<S> for ConnectionUrl {
    fn from(value: S) -> Self {
        Self(value.into())
    }
}

impl fmt::Display for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redact_text(&self.0))
    }
}

impl fmt::Debug for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl Serialize for ConnectionUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells all of itself to whoever asks.
    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Pair {
        user: String,
        pin: u16,
    }

    fn pair() -> Secret<Pair> {
        let user = "hunter2".to_owned();
        Secret::new(Pair { user, pin: 4711 })
    }

    #[test]
    fn nothing_of_a_secret_is_shown_whatever_its_type() {
        let list = Secret::new(vec![pair(), pair()]);
        let shown = [
            format!("{:?} {0:#?} {0} {0:>40} {0:.3}", pair()),
            format!("{list:?} {list}"),
            format!("{:?}", Some(Secret::new(4711_u16))),
            serde_json::to_string(&(pair(), &list, Secret::new(4711))).unwrap(),
        ];
        for text in shown {
            assert!(text.contains(REDACTED), "{text}");
            let is_seen = ["hunter2", "4711", "user", "Pair"].map(|part| text.contains(part));
            assert_eq!(is_seen, [false; 4], "{text}");
        }
        assert_eq!(pair().expose().pin, 4711);
    }

    #[test]
    fn it_is_read_as_what_it_holds_and_what_it_cannot_hold_is_not_repeated() {
        let pin: Secret<u16> = serde_json::from_str("4711").unwrap();
        assert_eq!(*pin.expose(), 4711);
        let token: Secret = serde_json::from_str("\"hunter2\"").unwrap();
        assert_eq!(token.expose(), "hunter2");
        for error in [
            serde_json::from_str::<Secret<u16>>("\"hunter2\"").unwrap_err(),
            serde_json::from_str::<Secret>("[4711]").unwrap_err(),
            serde_json::from_str::<Secret<Pair>>("{\"hunter2\":4711}").unwrap_err(),
        ] {
            let error = error.to_string();
            assert!(
                !error.contains("hunter2") && !error.contains("4711"),
                "{error}"
            );
        }
    }
}
