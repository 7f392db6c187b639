//! `#[http("GET /path")]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{ItemFn, LitStr};

/// Methods that a route may name, beside `*`.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The text of the attribute, taken apart.
pub(crate) struct RouteText {
    method: String,
    path: String,
}

impl Parse for RouteText {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let text: LitStr = input.parse()?;
        let value = text.value();
        let wrong = |message: String| Err(syn::Error::new(text.span(), message));
        let Some((method, path)) = value.split_once(' ') else {
            return wrong("write a method and a path, such as \"GET /v1/words/{text}\"".to_owned());
        };
        if method != "*" && !METHODS.contains(&method) {
            return wrong(format!("{method:?} is no method: use * or one of {}", METHODS.join(", ")));
        }
        if !path.starts_with('/') || path.contains(char::is_whitespace) {
            return wrong(format!("{path:?} is no path: it begins with / and has no spaces"));
        }
        Ok(Self { method: method.to_owned(), path: path.to_owned() })
    }
}

pub(crate) fn expand(RouteText { method, path }: &RouteText, function: &ItemFn) -> syn::Result<TokenStream> {
    plain(function)?;
    let (name, visibility) = (&function.sig.ident, &function.vis);
    let extracted = function.sig.inputs.iter().map(|_| {
        quote! { ::weir_sdk::http::Extract::extract(context, request)? }
    });
    Ok(quote! {
        #function

        // A type beside the function, of the same name: what `routes!` finds the route by.
        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::allow_attributes, reason = "called as its function")]
        #visibility struct #name {}

        impl ::weir_sdk::http::Route for #name {
            const METHOD: &'static str = #method;
            const PATH: &'static str = #path;

            #[allow(unused_variables, clippy::allow_attributes, reason = "not every function reads the request")]
            fn answer(
                context: &::weir_sdk::Context,
                request: &::weir_sdk::http::Request,
            ) -> ::core::result::Result<::weir_sdk::http::Response, ::weir_sdk::http::Failure> {
                ::weir_sdk::http::Answer::answer(#name(#(#extracted),*))
            }
        }
    })
}

/// Refuses what cannot be called as a plain function.
pub(crate) fn plain(function: &ItemFn) -> syn::Result<()> {
    let signature = &function.sig;
    if let Some(keyword) = &signature.asyncness {
        return Err(syn::Error::new_spanned(keyword, "a component has nothing to wait for: leave out `async`"));
    }
    if !signature.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&signature.generics, "the host calls this function: it has no generics"));
    }
    if let Some(receiver) = signature.receiver() {
        return Err(syn::Error::new_spanned(receiver, "the host calls this function: it has no self"));
    }
    Ok(())
}
