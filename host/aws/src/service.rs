//! Which service a resource names, and how it is spoken to.

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// JSON, the operation in a header: its prefix there, and the version of the format.
    Json { target: &'static str, version: &'static str },
    /// JSON, the operation in the path: what stands before it there.
    Path { before: &'static str },
    /// A form, answered in XML: the version of the service's model.
    Query { version: &'static str },
    /// Objects in buckets.
    S3,
    /// Functions.
    Lambda,
}

/// How a service begins the names of members. Whoever asks always begins them with a capital, as Step Functions has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Casing {
    /// `JobName`.
    Capital,
    /// `jobName`.
    Small,
}

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Service {
    /// Its name in `arn:aws:states:::aws-sdk:NAME:…`.
    pub(crate) name: &'static str,
    /// Its name in signatures.
    pub(crate) signed: &'static str,
    /// What the variable of its endpoint ends in.
    pub(crate) variable: &'static str,
    /// What the names of its errors begin with, called as `aws-sdk`.
    pub(crate) sdk_errors: &'static str,
    /// What they begin with, called by the short resource.
    pub(crate) errors: &'static str,
    pub(crate) protocol: Protocol,
    pub(crate) casing: Casing,
}

const fn of(names: [&'static str; 5], protocol: Protocol) -> Service {
    let [name, signed, variable, sdk_errors, errors] = names;
    Service { name, signed, variable, sdk_errors, errors, protocol, casing: Casing::Capital }
}

const fn json(names: [&'static str; 5], (target, version): (&'static str, &'static str)) -> Service {
    of(names, Protocol::Json { target, version })
}

impl Service {
    /// The same, whose members begin with small letters.
    const fn small(self) -> Self {
        Self { casing: Casing::Small, ..self }
    }
}

const SERVICES: [Service; 20] = [
    json(["sqs", "sqs", "SQS", "Sqs", "SQS"], ("AmazonSQS", "1.0")),
    json(["dynamodb", "dynamodb", "DYNAMODB", "DynamoDb", "DynamoDB"], ("DynamoDB_20120810", "1.0")),
    json(["eventbridge", "events", "EVENTBRIDGE", "EventBridge", "EventBridge"], ("AWSEvents", "1.1")),
    json(["sfn", "states", "SFN", "Sfn", "StepFunctions"], ("AWSStepFunctions", "1.0")).small(),
    json(
        ["secretsmanager", "secretsmanager", "SECRETS_MANAGER", "SecretsManager", "SecretsManager"],
        ("secretsmanager", "1.1"),
    ),
    json(["ssm", "ssm", "SSM", "Ssm", "SSM"], ("AmazonSSM", "1.1")),
    json(["kms", "kms", "KMS", "Kms", "KMS"], ("TrentService", "1.1")),
    json(["kinesis", "kinesis", "KINESIS", "Kinesis", "Kinesis"], ("Kinesis_20131202", "1.1")),
    json(["firehose", "firehose", "FIREHOSE", "Firehose", "Firehose"], ("Firehose_20150804", "1.1")),
    json(["cloudwatchlogs", "logs", "CLOUDWATCH_LOGS", "CloudWatchLogs", "CloudWatchLogs"], ("Logs_20140328", "1.1"))
        .small(),
    json(["ecs", "ecs", "ECS", "Ecs", "ECS"], ("AmazonEC2ContainerServiceV20141113", "1.1")).small(),
    json(["glue", "glue", "GLUE", "Glue", "Glue"], ("AWSGlue", "1.1")),
    json(["athena", "athena", "ATHENA", "Athena", "Athena"], ("AmazonAthena", "1.1")),
    json(["codebuild", "codebuild", "CODEBUILD", "CodeBuild", "CodeBuild"], ("CodeBuild_20161006", "1.1")).small(),
    json(["sagemaker", "sagemaker", "SAGEMAKER", "SageMaker", "SageMaker"], ("SageMaker", "1.1")),
    json(
        ["cognitoidentityprovider", "cognito-idp", "COGNITO_IDENTITY_PROVIDER", "CognitoIdentityProvider", "Cognito"],
        ("AWSCognitoIdentityProviderService", "1.1"),
    ),
    of(["batch", "batch", "BATCH", "Batch", "Batch"], Protocol::Path { before: "/v1/" }).small(),
    of(["sns", "sns", "SNS", "Sns", "SNS"], Protocol::Query { version: "2010-03-31" }),
    of(["s3", "s3", "S3", "S3", "S3"], Protocol::S3),
    of(["lambda", "lambda", "LAMBDA", "Lambda", "Lambda"], Protocol::Lambda),
];

/// What a resource asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asked<'r> {
    pub(crate) service: &'static Service,
    /// In the form `sendMessage`.
    pub(crate) action: &'r str,
    /// Whether it is called by `aws-sdk`.
    pub(crate) is_sdk: bool,
}

impl<'r> Asked<'r> {
    /// Reads a resource without its suffix. `None`: it names no service that is known here.
    pub(crate) fn of(resource: &'r str) -> Option<Self> {
        let rest = resource.strip_prefix("arn:aws:states:::")?;
        let (rest, is_sdk) = rest.strip_prefix("aws-sdk:").map_or((rest, false), |rest| (rest, true));
        let (name, action) = rest.split_once(':')?;
        // The short resources have a name of their own for one service.
        let name = if !is_sdk && name == "events" { "eventbridge" } else { name };
        let service = SERVICES.iter().find(|service| service.name == name)?;
        let plain = !action.is_empty() && action.len() <= 80 && action.bytes().all(|byte| byte.is_ascii_alphanumeric());
        plain.then_some(Self { service, action, is_sdk })
    }

    /// The operation as the service has it: `SendMessage`.
    pub(crate) fn operation(&self) -> String {
        let mut letters = self.action.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
    }

    /// The name of an error of the service, as Retry and Catch match it: `DynamoDB.ConditionalCheckFailedException`.
    pub(crate) fn error(&self, name: &str) -> String {
        let prefix = if self.is_sdk { self.service.sdk_errors } else { self.service.errors };
        // Before it may stand a shape's namespace, and after it an address.
        let name = name.split(':').next().unwrap_or(name);
        let name = name.rsplit(['#', '.']).next().unwrap_or(name);
        let suffix = if name.ends_with("Exception") || name.ends_with("Error") { "" } else { "Exception" };
        format!("{prefix}.{name}{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_named_in_short_or_as_its_sdk_has_it() {
        let named = |resource| Asked::of(resource).map(|asked| (asked.service.signed, asked.operation(), asked.is_sdk));
        assert_eq!(named("arn:aws:states:::sqs:sendMessage"), Some(("sqs", "SendMessage".to_owned(), false)));
        assert_eq!(named("arn:aws:states:::events:putEvents"), Some(("events", "PutEvents".to_owned(), false)));
        let sdk = named("arn:aws:states:::aws-sdk:dynamodb:transactWriteItems");
        assert_eq!(sdk, Some(("dynamodb", "TransactWriteItems".to_owned(), true)));
        for other in
            ["arn:aws:states:::sqs", "arn:aws:states:::nothing:do", "arn:aws:states:::sqs:send/../x", "component:a"]
        {
            assert_eq!(named(other), None, "{other}");
        }
    }

    #[test]
    fn an_error_has_the_name_that_step_functions_gives_it() {
        let error = |resource, name| Asked::of(resource).unwrap().error(name);
        let name = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
        assert_eq!(error("arn:aws:states:::dynamodb:putItem", name), "DynamoDB.ConditionalCheckFailedException");
        assert_eq!(
            error("arn:aws:states:::aws-sdk:dynamodb:putItem", name),
            "DynamoDb.ConditionalCheckFailedException"
        );
        assert_eq!(
            error("arn:aws:states:::aws-sdk:sqs:sendMessage", "QueueDoesNotExist"),
            "Sqs.QueueDoesNotExistException"
        );
        let told = "ResourceNotFoundException:http://internal.amazon.com/";
        assert_eq!(error("arn:aws:states:::aws-sdk:ssm:getParameter", told), "Ssm.ResourceNotFoundException");
    }
}
