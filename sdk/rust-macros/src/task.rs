//! `#[task]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{FnArg, ItemFn, ReturnType, Type};

use crate::http::plain;

pub(crate) fn expand(function: &ItemFn) -> syn::Result<TokenStream> {
    plain(function)?;
    if matches!(function.sig.output, ReturnType::Default) {
        return Err(syn::Error::new_spanned(
            &function.sig,
            "a task returns a `Result`: write -> Result<Output, Error>",
        ));
    }
    let (name, visibility) = (&function.sig.ident, &function.vis);
    let mut parameters = function.sig.inputs.iter().filter_map(|parameter| match parameter {
        FnArg::Typed(parameter) => Some(&*parameter.ty),
        FnArg::Receiver(_) => None,
    });
    let wrong = || syn::Error::new_spanned(&function.sig, "write fn(input) or fn(&Context, input)");
    let call = match (parameters.next(), parameters.next(), parameters.next()) {
        (Some(input), None, _) if !is_reference(input) => quote! { #name(::weir_sdk::task::input(input)?) },
        (Some(context), Some(input), None) if is_reference(context) && !is_reference(input) => {
            quote! { #name(context, ::weir_sdk::task::input(input)?) }
        }
        _ => return Err(wrong()),
    };
    Ok(quote! {
        #function

        // A type beside the function, of the same name: what tests run the task by, JSON both ways.
        #[doc(hidden)]
        #[allow(non_camel_case_types, clippy::allow_attributes, reason = "called as its function")]
        #visibility struct #name {}

        impl ::weir_sdk::task::Task for #name {
            #[allow(unused_variables, clippy::allow_attributes, reason = "not every task reads its context")]
            fn run(
                context: &::weir_sdk::Context,
                input: &[u8],
            ) -> ::core::result::Result<::std::vec::Vec<u8>, ::weir_sdk::task::TaskError> {
                ::weir_sdk::task::Output::output(#call)
            }
        }

        ::weir_sdk::export_task!(<#name as ::weir_sdk::task::Task>::run);
    })
}

const fn is_reference(parameter: &Type) -> bool {
    matches!(parameter, Type::Reference(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(function: &str) -> Option<String> {
        expand(&syn::parse_str(function).unwrap()).err().map(|error| error.to_string())
    }

    #[test]
    fn a_task_takes_an_input_and_returns_a_result() {
        assert_eq!(refusal("fn charge(context: &Context, card: Card) -> Result<(), Declined> { Ok(()) }"), None);
        assert!(refusal("fn charge(card: Card) {}").unwrap().contains("Result<Output, Error>"));
        assert!(refusal("fn charge() -> Result<(), Declined> { Ok(()) }").unwrap().contains("fn(input)"));
    }
}
