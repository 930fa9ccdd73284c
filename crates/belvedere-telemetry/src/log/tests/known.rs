//! Events that were seen before, with others between: each is told as if it were the first.

use std::sync::Arc;

use belvedere_core::{REDACTED, Redactor};
use serde_json::{Map, Value};
use tracing::{Level, Metadata, callsite::Identifier, field::FieldSet, metadata::Kind};

use super::{
    events::NoCallsite,
    support::{line, moment, parsed, style},
};
use crate::log::line::{Scratch, Style};

static PLACE: NoCallsite = NoCallsite;

/// One place in the code, whatever its target.
fn place(target: &str) -> Metadata<'_> {
    let fields = FieldSet::new(&["product"], Identifier(&PLACE));
    let (level, kind) = (Level::INFO, Kind::EVENT);
    Metadata::new("event", target, level, None, None, None, fields, kind)
}

/// The members of the next line of `scratch`.
fn told(scratch: &mut Scratch, style: &Style, target: &str, product: &str) -> Map<String, Value> {
    let place = place(target);
    scratch.render(style, moment(), &place, |visitor| {
        let field = place.fields().field("product").unwrap();
        visitor.record_str(&field, product);
    });
    parsed(str::from_utf8(&scratch.line).unwrap())
}

#[test]
fn two_places_that_are_called_the_same_keep_their_own_fields() {
    let text = line(|| {
        for quantity in [1, 2] {
            tracing::info!(target: "shop", product = "espresso", "order_placed");
            tracing::info!(target: "shop", quantity, path = "espresso", "order_placed");
            tracing::info!(target: "mill", product = "espresso", "order_placed");
        }
    });
    let lines: Vec<_> = text.split_inclusive('\n').map(parsed).collect();
    for (lines, quantity) in lines.chunks(3).zip([1, 2]) {
        let [first, second, third] = lines else {
            panic!("three lines each: {text}");
        };
        assert_eq!(first["product"], "espresso");
        assert_eq!(
            (&second["quantity"], &second["path"]),
            (&quantity.into(), &"espresso".into())
        );
        assert!(!second.contains_key("product"), "{text}");
        assert_eq!(
            (&first["target"], &third["target"]),
            (&"shop".into(), &"mill".into())
        );
    }
}

#[test]
fn a_field_has_the_text_of_its_own_event() {
    let products = ["lungo", "mocha", "latte", "lungo", "latte", "mocha", ""];
    let text = line(|| {
        for product in products {
            tracing::info!(product, again = "lungo", "order_placed");
        }
    });
    for (line, product) in text.split_inclusive('\n').zip(products) {
        let members = parsed(line);
        assert_eq!(
            (&members["product"], &members["again"]),
            (&product.into(), &"lungo".into())
        );
    }
}

#[test]
fn one_place_may_have_several_targets() {
    let (mut scratch, style) = (Scratch::default(), style());
    for target in ["shop", "mill", "shop"] {
        let members = told(&mut scratch, &style, target, "lungo");
        assert_eq!(members["target"], target);
    }
}

#[test]
fn what_is_hidden_is_asked_again_when_that_has_changed() {
    let (mut scratch, mut style) = (Scratch::default(), style());
    let members = told(&mut scratch, &style, "shop", "lungo");
    assert_eq!(members["product"], "lungo");
    style.redactor = Arc::new(Redactor::new(["product".to_owned()]));
    let members = told(&mut scratch, &style, "shop", "lungo");
    assert_eq!(members["product"], REDACTED);
}

#[test]
fn a_text_with_a_secret_in_it_is_not_kept() {
    let (mut scratch, style) = (Scratch::default(), style());
    let url = "postgres://shop:hunter2@db/shop";
    for _ in 0..2 {
        let members = told(&mut scratch, &style, "shop", url);
        assert_eq!(members["product"], "postgres://[REDACTED]@db/shop");
    }
    assert!(!format!("{scratch:?}").contains("hunter2"));
}
