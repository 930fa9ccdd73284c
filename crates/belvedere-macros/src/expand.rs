//! The function that stands in the place of the one that was written.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Ident, ItemFn, Result, ReturnType, Stmt, Type, TypeInfer, parse_quote, parse2,
    spanned::Spanned,
    visit_mut::{self, VisitMut},
};

use crate::{arguments::Arguments, shape::Shape};

/// Which of the two attributes it is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Span,
    Transaction,
}

pub(crate) fn expand(kind: Kind, arguments: TokenStream, function: TokenStream) -> TokenStream {
    let written = function.clone();
    captured(kind, arguments, function).unwrap_or_else(|error| {
        // The function stays as it is: whoever calls it is told of one mistake, not of its absence.
        let error = error.into_compile_error();
        quote!(#error #written)
    })
}

fn captured(kind: Kind, arguments: TokenStream, function: TokenStream) -> Result<TokenStream> {
    let mut function: ItemFn = parse2(function).map_err(|error| only_functions(&error))?;
    let begin = begin(kind, &parse2(arguments)?, &function);
    let shape = Shape::of(&function)?;
    let failed = failed(&function.sig.output);
    let statements = &function.block.stmts;
    let body = match shape {
        Shape::Sync => {
            let output = hint(&function.sig.output).map(|hint| quote!(-> #hint));
            quote!({ #begin __capture.call(move || #output { #(#statements)* }, #failed) })
        }
        Shape::Async => {
            let typed = typed(&function.sig.output);
            let work = followed(&begin, &quote!(#typed #(#statements)*), &failed);
            quote!({ #work })
        }
        Shape::Boxed(work, output) => {
            let (typed, statements) = (typed(&output), &work.block.stmts);
            let work = followed(&begin, &quote!(#typed #(#statements)*), &failed);
            quote!({ ::std::boxed::Box::pin(async move { #work }) })
        }
    };
    function.block = parse2(body)?;
    Ok(function.into_token_stream())
}

fn only_functions(error: &syn::Error) -> syn::Error {
    syn::Error::new(error.span(), "only a function with a body can be captured")
}

/// The span, by what the attribute says. The fields are looked at before the body takes the arguments.
fn begin(kind: Kind, arguments: &Arguments, function: &ItemFn) -> TokenStream {
    let own_name = function.sig.ident.to_string();
    let own_name = own_name.trim_start_matches("r#");
    let name = arguments
        .name
        .as_ref()
        .map_or(own_name.to_owned(), syn::LitStr::value);
    let op = arguments
        .op
        .as_ref()
        .map_or("function".to_owned(), syn::LitStr::value);
    let description = match &arguments.description {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    };
    let fields = arguments.fields.iter().flatten();
    let begin = Ident::new(
        match kind {
            Kind::Span => "span",
            Kind::Transaction => "transaction",
        },
        Span::mixed_site(),
    );
    quote! {
        const __WORK: ::belvedere::__private::Work = ::belvedere::__private::Work {
            name: #name,
            op: #op,
            description: #description,
        };
        let __capture = __WORK.#begin(|| ::std::vec![#(#fields),*]);
    }
}

fn followed(begin: &TokenStream, statements: &TokenStream, failed: &TokenStream) -> TokenStream {
    quote!(#begin __capture.follow(async move { #statements }, #failed).await)
}

/// Whether what is returned is a failure. A type that cannot be returned is told where it is written.
fn failed(output: &ReturnType) -> TokenStream {
    let span = match output {
        ReturnType::Default => Span::mixed_site(),
        ReturnType::Type(_, returned) => returned.span(),
    };
    let span = Span::mixed_site().located_at(span);
    quote_spanned! {span=> |__returned| {
        use ::belvedere::__private::ends::*;
        (&&&&Ended(__returned)).failed()
    }}
}

/// The return type, `impl Trait` left open; `None` where nothing of it is known.
fn hint(output: &ReturnType) -> Option<Type> {
    let mut hint = match output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, returned) => (**returned).clone(),
    };
    Open.visit_type_mut(&mut hint);
    (!matches!(hint, Type::Infer(_) | Type::Never(_))).then_some(hint)
}

/// Tells the compiler what a block of work returns, which has no place for a type.
fn typed(output: &ReturnType) -> Option<Stmt> {
    let hint = hint(output)?;
    let typed = quote! {
        if let ::core::option::Option::Some(__returned) = ::core::option::Option::None::<#hint> {
            return __returned;
        }
    };
    parse2(typed).ok()
}

struct Open;

impl VisitMut for Open {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::ImplTrait(opaque) = ty {
            let span = opaque.span();
            *ty = Type::Infer(TypeInfer {
                underscore_token: syn::Token![_](span),
            });
        } else {
            visit_mut::visit_type_mut(self, ty);
        }
    }
}
