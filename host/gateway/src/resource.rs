//! What the `Resource` of a Task asks for, by its name.
//!
//! Resources are told from one another by their text alone: an ARN of a Lambda function names a component of ours, so
//! that a definition which was written for Step Functions runs unchanged.

/// The way of asking for a component that is named in the input, `FunctionName`.
const LAMBDA_INVOKE: &str = "arn:aws:states:::lambda:invoke";
/// A request over HTTP.
const HTTP_INVOKE: &str = "arn:aws:states:::http:invoke";
/// Another execution, which nobody waits for.
const START_EXECUTION: &str = "arn:aws:states:::states:startExecution";
/// The short way of naming a component: `component:payment`, `component:payment:3`.
const SHORT: &str = "component:";

/// What a Task asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource<'r> {
    /// A component, with the whole input; its answer is the whole result.
    Component(ComponentName<'r>),
    /// The component that the input names; its answer is a part of the result.
    LambdaInvoke,
    /// A request that the input describes.
    HttpInvoke,
    /// Another execution is started.
    StartExecution,
    /// Something that this host does not do.
    Other,
}

/// A component by the slug of its API, and by the number of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ComponentName<'r> {
    /// The API's slug.
    pub(crate) slug: &'r str,
    /// The release's number. `None`: whichever is live.
    pub(crate) release: Option<u32>,
}

impl<'r> Resource<'r> {
    /// Reads the `Resource` of a Task.
    pub(crate) fn of(text: &'r str) -> Self {
        if text == LAMBDA_INVOKE {
            return Self::LambdaInvoke;
        }
        if text == HTTP_INVOKE {
            return Self::HttpInvoke;
        }
        if text == START_EXECUTION {
            return Self::StartExecution;
        }
        let named = match text.strip_prefix(SHORT) {
            Some(rest) => ComponentName::of_parts(rest, None),
            None if text.starts_with("arn:") => ComponentName::of_function(text),
            None => None,
        };
        named.map_or(Self::Other, Self::Component)
    }
}

impl<'r> ComponentName<'r> {
    /// Reads the name of a Lambda function: its name alone, a part of its ARN, or its whole ARN, each with a qualifier
    /// or without. `None`: it is none of these, or its qualifier names no release.
    pub(crate) fn of_function(text: &'r str) -> Option<Self> {
        let rest = match text.strip_prefix("arn:") {
            // arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]
            Some(arn) => {
                let mut parts = arn.splitn(6, ':');
                let (_partition, service) = (parts.next()?, parts.next()?);
                let (_region, _account, kind) = (parts.next()?, parts.next()?, parts.next()?);
                (service == "lambda" && kind == "function").then(|| parts.next()).flatten()?
            }
            // ACCOUNT:function:NAME[:QUALIFIER]
            None => text.split_once(":function:").map_or(text, |(_account, name)| name),
        };
        Self::of_parts(rest, None)
    }

    /// The same component at the release that `qualifier` names.
    pub(crate) fn qualified(self, qualifier: &str) -> Option<Self> {
        Self::of_parts(self.slug, Some(qualifier))
    }

    /// `NAME` or `NAME:QUALIFIER`. A qualifier is a number, or a word that stands for what is live.
    fn of_parts(text: &'r str, qualifier: Option<&str>) -> Option<Self> {
        let (slug, own) = text.split_once(':').map_or((text, None), |(slug, own)| (slug, Some(own)));
        let release = match own.or(qualifier) {
            None | Some("live" | "$LATEST") => None,
            Some(number) => Some(number.parse().ok().filter(|number| *number > 0)?),
        };
        (!slug.is_empty()).then_some(Self { slug, release })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(slug: &str, release: Option<u32>) -> Resource<'_> {
        Resource::Component(ComponentName { slug, release })
    }

    #[test]
    fn a_component_is_named_by_a_function_or_in_short() {
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:payment";
        assert_eq!(Resource::of(arn), component("payment", None));
        assert_eq!(Resource::of(&format!("{arn}:7")), component("payment", Some(7)));
        assert_eq!(Resource::of(&format!("{arn}:$LATEST")), component("payment", None));
        assert_eq!(Resource::of(&format!("{arn}:live")), component("payment", None));
        assert_eq!(Resource::of("component:payment"), component("payment", None));
        assert_eq!(Resource::of("component:payment:3"), component("payment", Some(3)));
        assert_eq!(Resource::of("arn:aws-cn:lambda:cn-north-1:123456789012:function:p"), component("p", None));
    }

    #[test]
    fn a_function_is_named_by_name_by_a_part_of_its_arn_or_by_all_of_it() {
        for text in ["pay", "123456789012:function:pay", "arn:aws:lambda:us-east-1:123456789012:function:pay"] {
            assert_eq!(ComponentName::of_function(text), Some(ComponentName { slug: "pay", release: None }), "{text}");
        }
        let two = ComponentName { slug: "pay", release: Some(2) };
        assert_eq!(ComponentName::of_function("pay:2"), Some(two));
        assert_eq!(ComponentName::of_function("pay").and_then(|name| name.qualified("2")), Some(two));
    }

    #[test]
    fn what_names_no_component_is_something_else() {
        assert_eq!(Resource::of("arn:aws:states:::lambda:invoke"), Resource::LambdaInvoke);
        assert_eq!(Resource::of("arn:aws:states:::http:invoke"), Resource::HttpInvoke);
        assert_eq!(Resource::of("arn:aws:states:::states:startExecution"), Resource::StartExecution);
        for text in [
            "arn:aws:states:::sqs:sendMessage",
            "arn:aws:states:eu-west-1:123456789012:activity:check",
            "arn:aws:lambda:eu-west-1:123456789012:layer:payment",
            "arn:aws:lambda:eu-west-1:123456789012:function:",
            "arn:aws:lambda:eu-west-1:123456789012:function:payment:0",
            "arn:aws:lambda:eu-west-1:123456789012:function:payment:some-alias",
            "component:",
            "payment",
            "",
        ] {
            assert_eq!(Resource::of(text), Resource::Other, "{text}");
        }
    }
}
