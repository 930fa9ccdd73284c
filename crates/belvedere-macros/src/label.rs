//! Variants as label values.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result, parse2};

pub(crate) fn expand(item: TokenStream) -> TokenStream {
    labelled(item).unwrap_or_else(Error::into_compile_error)
}

fn labelled(item: TokenStream) -> Result<TokenStream> {
    let item: DeriveInput = parse2(item)?;
    let Data::Enum(data) = &item.data else {
        let message = "only an enum has a closed set of values";
        return Err(Error::new_spanned(&item.ident, message));
    };
    let mut arms = Vec::new();
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            let message = "a variant with fields has more values than one";
            return Err(Error::new_spanned(variant, message));
        }
        let (ident, value) = (&variant.ident, snake_case(&variant.ident.to_string()));
        arms.push(quote!(Self::#ident => #value));
    }
    let name = &item.ident;
    Ok(quote! {
        impl ::belvedere::metrics::Label for #name {
            fn label(&self) -> ::belvedere::metrics::LabelText {
                ::belvedere::metrics::LabelText::const_str(match *self { #(#arms),* })
            }
        }
    })
}

/// `GatewayDown` is `gateway_down`, `HTTP2` is `http2`.
fn snake_case(name: &str) -> String {
    let mut out = String::new();
    let mut before = '_';
    for c in name.chars() {
        if c.is_uppercase() && (before.is_lowercase() || before.is_ascii_digit()) {
            out.push('_');
        }
        out.extend(c.to_lowercase());
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::snake_case;

    #[test]
    fn words_are_told_apart_by_their_capitals() {
        let names = ["Refused", "GatewayDown", "HTTP2", "Level2Support"];
        let shown = names.map(snake_case);
        assert_eq!(
            shown,
            ["refused", "gateway_down", "http2", "level2_support"]
        );
    }
}
