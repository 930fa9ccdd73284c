//! What stands in the parentheses.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{
    Error, Expr, Ident, LitStr, Result, Token,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

const KNOWN: &str = "known are `name`, `op`, `description` and `fields(..)`";

/// `name = "..", op = "..", description = "..", fields(..)`, in any order.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) name: Option<LitStr>,
    pub(crate) op: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
    pub(crate) fields: Option<Punctuated<Field, Token![,]>>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            arguments.take(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

impl Arguments {
    fn take(&mut self, input: ParseStream<'_>) -> Result<()> {
        let key = input.call(Ident::parse_any)?;
        match key.to_string().as_str() {
            "name" => set(&mut self.name, &key, text(input)?),
            "op" => set(&mut self.op, &key, text(input)?),
            "description" => set(&mut self.description, &key, text(input)?),
            "fields" => set(&mut self.fields, &key, fields(input)?),
            _ => {
                let message = format!("`{key}` is not known: {KNOWN}");
                Err(Error::new(key.span(), message))
            }
        }
    }
}

fn set<T>(place: &mut Option<T>, key: &Ident, value: T) -> Result<()> {
    if place.replace(value).is_some() {
        return Err(Error::new(key.span(), format!("`{key}` stands here twice")));
    }
    Ok(())
}

fn text(input: ParseStream<'_>) -> Result<LitStr> {
    input.parse::<Token![=]>()?;
    let text: LitStr = input.parse()?;
    if text.value().trim().is_empty() {
        return Err(Error::new(text.span(), "an empty text says nothing"));
    }
    Ok(text)
}

fn fields(input: ParseStream<'_>) -> Result<Punctuated<Field, Token![,]>> {
    let inside;
    parenthesized!(inside in input);
    Punctuated::parse_terminated(&inside)
}

/// `key = value`, or what a variable is called.
pub(crate) struct Field {
    key: Punctuated<Ident, Token![.]>,
    how: How,
    value: Option<Expr>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    AsItIs,
    Displayed,
    Debugged,
}

impl How {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(Token![%]) {
            input.parse::<Token![%]>().map(|_| Self::Displayed)
        } else if input.peek(Token![?]) {
            input.parse::<Token![?]>().map(|_| Self::Debugged)
        } else {
            Ok(Self::AsItIs)
        }
    }
}

impl Parse for Field {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut how = How::parse(input)?;
        let key = Punctuated::parse_separated_nonempty_with(input, Ident::parse_any)?;
        let mut value = None;
        if how == How::AsItIs && input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            how = How::parse(input)?;
            value = Some(input.parse()?);
        }
        Ok(Self { key, how, value })
    }
}

/// `("key", value)`
impl ToTokens for Field {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let parts: Vec<_> = self
            .key
            .iter()
            .map(|part| part.unraw().to_string())
            .collect();
        let key = parts.join(".");
        let own = &self.key;
        let value = self
            .value
            .as_ref()
            .map_or_else(|| quote!(#own), ToTokens::to_token_stream);
        let value = match self.how {
            How::AsItIs => quote!(::belvedere::__private::Field::field(&(#value))),
            How::Displayed => quote!(::belvedere::__private::FieldValue::display(&(#value))),
            How::Debugged => quote!(::belvedere::__private::FieldValue::debug(&(#value))),
        };
        tokens.extend(quote!((#key, #value)));
    }
}
