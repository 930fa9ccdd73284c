//! How a function comes to its result: at once, as a future of the compiler's, or of `async_trait`'s.

use syn::{
    Block, Error, Expr, ExprAsync, GenericArgument, ItemFn, PathArguments, PathSegment, Result,
    ReturnType, Stmt, Type, TypeParamBound, parse_quote, spanned::Spanned,
};

const RETURNS_A_FUTURE: &str = "the span would end before the future that this function returns has begun: make it an \
     `async fn`, or put the attribute on the `async fn` that does the work";

/// The shapes that are known.
pub(crate) enum Shape {
    Sync,
    Async,
    /// `Box::pin(async move { .. })` and nothing else, with the type of what comes of it.
    Boxed(ExprAsync, ReturnType),
}

impl Shape {
    pub(crate) fn of(function: &ItemFn) -> Result<Self> {
        let signature = &function.sig;
        if let Some(token) = signature.constness {
            let message = "a `const fn` runs before there are spans";
            return Err(Error::new(token.span(), message));
        }
        if signature.asyncness.is_some() {
            return Ok(Self::Async);
        }
        let ReturnType::Type(_, returned) = &signature.output else {
            return Ok(Self::Sync);
        };
        match future(returned) {
            Returned::Value => Ok(Self::Sync),
            Returned::Pinned => boxed(&function.block)
                .map(|work| Self::Boxed(work, output(returned)))
                .ok_or_else(|| refused(returned)),
            Returned::Future => Err(refused(returned)),
        }
    }
}

fn refused(returned: &Type) -> Error {
    Error::new(returned.span(), RETURNS_A_FUTURE)
}

enum Returned {
    Value,
    /// `Pin<Box<dyn Future>>`
    Pinned,
    Future,
}

fn future(returned: &Type) -> Returned {
    match returned {
        Type::ImplTrait(opaque) if is_future(&opaque.bounds) => Returned::Future,
        Type::TraitObject(object) if is_future(&object.bounds) => Returned::Future,
        Type::Path(path) => {
            let Some(last) = path.path.segments.last() else {
                return Returned::Value;
            };
            match (last.ident.to_string().as_str(), first_argument(last)) {
                ("BoxFuture" | "LocalBoxFuture", _) => Returned::Future,
                ("Box", Some(GenericArgument::Type(inner))) => future(inner),
                ("Pin", Some(GenericArgument::Type(inner))) => match future(inner) {
                    Returned::Value => Returned::Value,
                    _ => Returned::Pinned,
                },
                _ => Returned::Value,
            }
        }
        Type::Paren(inner) => future(&inner.elem),
        Type::Group(inner) => future(&inner.elem),
        _ => Returned::Value,
    }
}

fn is_future<'b>(bounds: impl IntoIterator<Item = &'b TypeParamBound>) -> bool {
    bounds.into_iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            let last = bound.path.segments.last();
            last.is_some_and(|last| last.ident == "Future" || last.ident == "IntoFuture")
        }
        _ => false,
    })
}

/// `T` of `Pin<Box<dyn Future<Output = T>>>`.
fn output(returned: &Type) -> ReturnType {
    let found = outputs(returned).map(|output| parse_quote!(-> #output));
    found.unwrap_or_else(|| parse_quote!(-> _))
}

fn outputs(returned: &Type) -> Option<&Type> {
    match returned {
        Type::Path(path) => match first_argument(path.path.segments.last()?)? {
            GenericArgument::Type(inner) => outputs(inner),
            _ => None,
        },
        Type::TraitObject(object) => object.bounds.iter().find_map(|bound| match bound {
            TypeParamBound::Trait(bound) => match first_argument(bound.path.segments.last()?)? {
                GenericArgument::AssocType(output) => Some(&output.ty),
                _ => None,
            },
            _ => None,
        }),
        Type::Paren(inner) => outputs(&inner.elem),
        Type::Group(inner) => outputs(&inner.elem),
        _ => None,
    }
}

fn first_argument(segment: &PathSegment) -> Option<&GenericArgument> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.first(),
        _ => None,
    }
}

fn boxed(block: &Block) -> Option<ExprAsync> {
    let [Stmt::Expr(Expr::Call(call), None)] = &*block.stmts else {
        return None;
    };
    let Expr::Path(called) = &*call.func else {
        return None;
    };
    let mut path = called.path.segments.iter().rev();
    let is_box_pin = path.next()?.ident == "pin" && path.next()?.ident == "Box";
    match call.args.first()? {
        Expr::Async(work) if is_box_pin && work.capture.is_some() => Some(work.clone()),
        _ => None,
    }
}
