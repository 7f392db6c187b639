//! What a Task state asks for, by its `Resource`.

/// How a task is done, and when it counts as done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Somebody does it and answers.
    Work,
    /// Somebody does it, and then another answers by the task's token.
    WorkThenToken,
    /// A worker asks for it, and answers by its token.
    Activity,
    /// A service takes a job, and is asked after it until it has ended.
    Job,
    /// Another execution is started.
    Start(Until),
}

/// When a started execution counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Started.
    Started,
    /// Ended; its output is handed on as text.
    Ended,
    /// Ended; its output is handed on as a document.
    EndedParsed,
    /// Answered by the task's token.
    Token,
}

/// How Step Functions speaks of a task in histories.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    /// A function.
    Lambda,
    /// An activity.
    Activity,
    /// The children of a distributed Map.
    MapRun,
    /// A service and its action.
    Task {
        /// The service.
        service: String,
        /// What it is asked to do.
        action: String,
    },
}

/// The suffix by which a task waits for its token.
const TOKEN: &str = ".waitForTaskToken";
/// The suffix by which it waits for the end of what it starts.
const SYNC: &str = ".sync";
const START: &str = "arn:aws:states:::states:startExecution";

/// The resource without the suffix by which it waits for its token. That of a job stays: starting one is another thing than
/// asking for the same and not waiting.
pub fn base(resource: &str) -> &str {
    resource.strip_suffix(TOKEN).unwrap_or(resource)
}

impl Errand {
    /// How a task of this resource is done.
    pub fn of(resource: &str) -> Self {
        if let Some(rest) = resource.strip_prefix(START) {
            match rest {
                "" => return Self::Start(Until::Started),
                ".sync" => return Self::Start(Until::Ended),
                ".sync:2" => return Self::Start(Until::EndedParsed),
                TOKEN => return Self::Start(Until::Token),
                _ => {}
            }
        }
        match Kind::of(resource) {
            Kind::Activity => Self::Activity,
            _ if resource.ends_with(TOKEN) => Self::WorkThenToken,
            // A service that is called as its SDK has it only ever answers.
            Kind::Task { service, .. } if resource.ends_with(SYNC) && !service.starts_with("aws-sdk:") => Self::Job,
            _ => Self::Work,
        }
    }
}

impl Kind {
    /// How a history speaks of a task of this resource.
    pub fn of(resource: &str) -> Self {
        let parts: Vec<&str> = resource.splitn(7, ':').collect();
        match parts.as_slice() {
            ["arn", _, "lambda", _, _, "function", _] => Self::Lambda,
            ["arn", _, "states", region, account, "activity", _] if !region.is_empty() && !account.is_empty() => {
                Self::Activity
            }
            ["arn", _, "states", "", "", "aws-sdk", rest] => {
                let (service, action) = rest.split_once(':').unwrap_or((rest, ""));
                Self::Task { service: format!("aws-sdk:{service}"), action: action.to_owned() }
            }
            ["arn", _, "states", "", "", service, action] => {
                Self::Task { service: (*service).to_owned(), action: (*action).to_owned() }
            }
            // A component in the short form is a function too.
            _ => Self::Lambda,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_says_when_a_task_is_done() {
        assert_eq!(Errand::of("arn:aws:states:::lambda:invoke"), Errand::Work);
        assert_eq!(Errand::of("arn:aws:states:::lambda:invoke.waitForTaskToken"), Errand::WorkThenToken);
        assert_eq!(Errand::of("arn:aws:states:::states:startExecution.sync:2"), Errand::Start(Until::EndedParsed));
        assert_eq!(Errand::of("arn:aws:states:::states:startExecution.sync"), Errand::Start(Until::Ended));
        assert_eq!(Errand::of("arn:aws:states:eu-west-1:123456789012:activity:approve"), Errand::Activity);
        assert_eq!(Errand::of("component:payment"), Errand::Work);
        assert_eq!(Errand::of("arn:aws:states:::glue:startJobRun.sync"), Errand::Job);
        assert_eq!(Errand::of("arn:aws:states:::aws-sdk:glue:startJobRun.sync"), Errand::Work);
        assert_eq!(base("arn:aws:states:::sqs:sendMessage.waitForTaskToken"), "arn:aws:states:::sqs:sendMessage");
        assert_eq!(base("arn:aws:states:::glue:startJobRun.sync"), "arn:aws:states:::glue:startJobRun.sync");
    }

    #[test]
    fn histories_speak_of_functions_activities_and_services() {
        let task = |service: &str, action: &str| Kind::Task { service: service.to_owned(), action: action.to_owned() };
        assert_eq!(Kind::of("arn:aws:lambda:eu-west-1:123456789012:function:payment"), Kind::Lambda);
        assert_eq!(Kind::of("arn:aws:states:::states:startExecution.sync:2"), task("states", "startExecution.sync:2"));
        assert_eq!(Kind::of("arn:aws:states:::http:invoke"), task("http", "invoke"));
        assert_eq!(Kind::of("arn:aws:states:::ecs:runTask.sync"), task("ecs", "runTask.sync"));
        assert_eq!(Kind::of("arn:aws:states:::aws-sdk:sqs:sendMessage"), task("aws-sdk:sqs", "sendMessage"));
    }
}
