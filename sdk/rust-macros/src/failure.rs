//! `#[derive(Failure)]` and `#[derive(TaskError)]`: from an error of the component's own to one that the host reads.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Data, DeriveInput, Fields, Ident, LitInt, LitStr, Token, Variant};

/// What stands in `#[failure(…)]`.
enum FailureSays {
    Transparent,
    Status { status: u16, code: Option<String>, retry_after_ms: Option<u64> },
}

impl Parse for FailureSays {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Ident) {
            return transparent(input).map(|()| Self::Transparent);
        }
        let number: LitInt = input.parse()?;
        let status = number.base10_parse()?;
        if !(400..=599).contains(&status) {
            return Err(syn::Error::new(number.span(), "the status of a failure is from 400 to 599"));
        }
        let (mut code, mut retry_after_ms) = (None, None);
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            let key: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            match key.to_string().as_str() {
                "code" => code = Some(input.parse::<LitStr>()?.value()),
                "retry_after_ms" => retry_after_ms = Some(input.parse::<LitInt>()?.base10_parse()?),
                _ => return Err(syn::Error::new(key.span(), "use code = \"…\" or retry_after_ms = …")),
            }
        }
        Ok(Self::Status { status, code, retry_after_ms })
    }
}

/// What stands in `#[task_error(…)]`.
enum TaskErrorSays {
    Transparent,
    Name(String),
}

impl Parse for TaskErrorSays {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Ident) {
            return transparent(input).map(|()| Self::Transparent);
        }
        let name: LitStr = input.parse()?;
        if ["States.", "Wasm."].iter().any(|prefix| name.value().starts_with(prefix)) {
            return Err(syn::Error::new(name.span(), "names that begin with States. or Wasm. are the host's own"));
        }
        Ok(Self::Name(name.value()))
    }
}

fn transparent(input: ParseStream<'_>) -> syn::Result<()> {
    let word: Ident = input.parse()?;
    if word == "transparent" { Ok(()) } else { Err(syn::Error::new(word.span(), "use transparent")) }
}

pub(crate) fn of_http(item: &DeriveInput) -> syn::Result<TokenStream> {
    let arms = variants(item)?.map(|variant| {
        let Some(attribute) = find(&variant.attrs, "failure") else {
            let text = "say which status this is, such as #[failure(404)]";
            return Err(syn::Error::new_spanned(variant, text));
        };
        match attribute.parse_args()? {
            FailureSays::Transparent => through(item, variant),
            FailureSays::Status { status, code, retry_after_ms } => {
                let code = code.unwrap_or_else(|| kebab(&variant.ident.to_string()));
                let retry_after_ms = optional(retry_after_ms.as_ref());
                let any = any(item, variant);
                Ok(quote! {
                    #any => ::weir_sdk::http::Failure::with_status(
                        #status, #code, ::std::string::ToString::to_string(&error), #retry_after_ms,
                    )
                })
            }
        }
    });
    let arms = arms.collect::<syn::Result<Vec<_>>>()?;
    Ok(conversion(item, &quote! { ::weir_sdk::http::Failure }, &arms))
}

pub(crate) fn of_task(item: &DeriveInput) -> syn::Result<TokenStream> {
    let arms = variants(item)?.map(|variant| {
        let says = find(&variant.attrs, "task_error").map(Attribute::parse_args).transpose()?;
        let name = match says {
            Some(TaskErrorSays::Transparent) => return through(item, variant),
            Some(TaskErrorSays::Name(name)) => name,
            None => variant.ident.to_string(),
        };
        let any = any(item, variant);
        Ok(quote! {
            #any => ::weir_sdk::task::TaskError::new(#name, ::std::string::ToString::to_string(&error))
        })
    });
    let arms = arms.collect::<syn::Result<Vec<_>>>()?;
    Ok(conversion(item, &quote! { ::weir_sdk::task::TaskError }, &arms))
}

fn variants(item: &DeriveInput) -> syn::Result<impl Iterator<Item = &Variant>> {
    match &item.data {
        Data::Enum(data) => Ok(data.variants.iter()),
        _ => Err(syn::Error::new(Span::call_site(), "only an enum can be derived: a variant for each failure")),
    }
}

fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.path().is_ident(name))
}

/// A pattern for the variant, whatever is in it.
fn any(item: &DeriveInput, variant: &Variant) -> TokenStream {
    let (all, name) = (&item.ident, &variant.ident);
    quote! { #all::#name { .. } }
}

/// An arm that passes the one field on.
fn through(item: &DeriveInput, variant: &Variant) -> syn::Result<TokenStream> {
    let (all, name) = (&item.ident, &variant.ident);
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            Ok(quote! { #all::#name(inner) => ::core::convert::Into::into(inner) })
        }
        _ => Err(syn::Error::new_spanned(variant, "a transparent variant has exactly one field, without a name")),
    }
}

fn conversion(item: &DeriveInput, target: &TokenStream, arms: &[TokenStream]) -> TokenStream {
    let name = &item.ident;
    let (before, types, bounds) = item.generics.split_for_impl();
    quote! {
        impl #before ::core::convert::From<#name #types> for #target #bounds {
            fn from(error: #name #types) -> Self {
                match error {
                    #(#arms),*
                }
            }
        }
    }
}

fn optional<T: ToTokens>(value: Option<&T>) -> TokenStream {
    match value {
        Some(value) => quote! { ::core::option::Option::Some(#value) },
        None => quote! { ::core::option::Option::None },
    }
}

/// `UnknownCountry` as `unknown-country`.
fn kebab(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::kebab;

    #[test]
    fn a_code_is_the_name_of_its_variant_in_lower_case() {
        assert_eq!(kebab("UnknownCountry"), "unknown-country");
        assert_eq!(kebab("Gone"), "gone");
    }
}
