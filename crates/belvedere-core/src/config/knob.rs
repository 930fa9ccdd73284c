use std::{net::SocketAddr, path::PathBuf};

use super::Seconds;
use crate::{
    ConnectionUrl, Secret, TrustedPeers,
    propagation::{BaggageKeys, Propagators, ResponseTrace},
};

/// What a type of knob has to say about itself.
pub trait Knob {
    /// Whether a value is shown to nobody, even one that is not valid.
    const IS_SECRET: bool = false;

    /// Adds the documentation of the knob at `path`, or of all knobs below it.
    fn document(docs: &mut Docs, path: &str, text: &'static [&'static str]) {
        docs.push(path, text, Self::IS_SECRET, false);
    }
}

/// Paths in dotted form with their documentation, in the order of declaration.
#[derive(Debug, Default)]
pub struct Docs(Vec<Doc>);

#[derive(Debug)]
pub(super) struct Doc {
    pub(super) path: String,
    pub(super) text: &'static [&'static str],
    pub(super) is_secret: bool,
    pub(super) is_section: bool,
}

impl Docs {
    /// Everything below `C`.
    pub fn of<C: Knob>() -> Self {
        let mut docs = Self::default();
        C::document(&mut docs, "", &[]);
        docs
    }

    /// One more entry.
    pub fn add(&mut self, path: &str, text: &'static [&'static str], is_section: bool) {
        self.push(path, text, false, is_section);
    }

    fn push(
        &mut self,
        path: &str,
        text: &'static [&'static str],
        is_secret: bool,
        is_section: bool,
    ) {
        let path = path.to_owned();
        self.0.push(Doc {
            path,
            text,
            is_secret,
            is_section,
        });
    }

    /// The entries of `field`, which is of type `K` and stands below `path`.
    pub fn below<K: Knob>(&mut self, path: &str, field: &str, text: &'static [&'static str]) {
        let path = if path.is_empty() {
            field.to_owned()
        } else {
            format!("{path}.{field}")
        };
        K::document(self, &path, text);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Doc> {
        self.0.iter()
    }

    pub(super) fn is_secret(&self, path: &str) -> bool {
        self.iter().any(|doc| doc.is_secret && doc.path == path)
    }

    pub(super) fn knobs(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(|doc| !doc.is_section)
            .map(|doc| doc.path.as_str())
    }
}

macro_rules! leaf_knobs {
    ($($kind:ty),* $(,)?) => { $(impl Knob for $kind {})* };
}

leaf_knobs!(
    bool,
    u16,
    u32,
    u64,
    usize,
    f64,
    String,
    SocketAddr,
    PathBuf,
    Seconds,
    ConnectionUrl,
    TrustedPeers,
    Propagators,
    BaggageKeys,
    ResponseTrace,
);

impl<T> Knob for Secret<T> {
    const IS_SECRET: bool = true;
}

impl<K: Knob> Knob for Option<K> {
    const IS_SECRET: bool = K::IS_SECRET;
}

impl<K: Knob> Knob for Vec<K> {
    const IS_SECRET: bool = K::IS_SECRET;
}

/// Nothing to set.
impl Knob for () {
    fn document(_: &mut Docs, _: &str, _: &'static [&'static str]) {}
}

/// Declares a struct of knobs: `/// documentation`, `pub name: Type = default,`.
///
/// The type of a field is a leaf (`u64`, `String`, `Option<_>`, [`Seconds`], ...) or another such struct. The struct gets
/// `Debug`, `Clone`, `Default`, `Serialize`, `Deserialize` and [`Knob`]; the crate that calls this needs `serde`.
/// A knob that holds a secret is an `Option<Secret>`, so that its default is nothing at all.
#[macro_export]
macro_rules! settings {
    (
        $(#[doc = $about:literal])*
        $visibility:vis struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $field_visibility:vis $field:ident: $kind:ty = $default:expr
            ),* $(,)?
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(default)]
        $visibility struct $name {
            $(
                $(#[doc = $doc])*
                $field_visibility $field: $kind,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $crate::config::Knob for $name {
            fn document(docs: &mut $crate::config::Docs, path: &str, _: &'static [&'static str]) {
                if !path.is_empty() {
                    docs.add(path, &[$($about),*], true);
                }
                $(
                    docs.below::<$kind>(path, stringify!($field), &[$($doc),*]);
                )*
            }
        }
    };
}
