//! The jobs that are waited for: how each is started, asked after and stopped.
//!
//! Source: the pages of the service integrations of AWS Step Functions, and the API references of the services. Members are
//! as Step Functions has them, with capitals.

use serde_json::{Map, Value};

const PREFIX: &str = "arn:aws:states:::";
const SUFFIX: &str = ".sync";
/// Why a job is stopped, where its service wants to know.
const REASON: Source = Source::Text("the execution of the workflow does not wait for it any more");

/// A kind of job.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The service, as its name stands in a resource.
    pub(crate) service: &'static str,
    /// The action that starts it.
    pub(crate) start: &'static str,
    /// The parameter by which the service tells a repeated start from a new one, if it has one.
    pub(crate) token: Option<&'static str>,
    /// The action that asks after it, and of what its parameters are made: the start's parameters are given, its answer is
    /// said.
    pub(crate) ask: (&'static str, &'static [(&'static str, Source)]),
    /// Where in the answer to that the job is described: a JSON pointer.
    pub(crate) described: &'static str,
    pub(crate) stands: Stands,
    /// The member under which the result has the description. `None`: it is the description.
    pub(crate) under: Option<&'static str>,
    /// The action that stops it, and of what its parameters are made: the question's parameters are given and said.
    pub(crate) stop: (&'static str, &'static [(&'static str, Source)]),
    /// Where the question's parameters have a list for each of whose items there is a stop of its own, by which that item is
    /// said.
    pub(crate) each: Option<&'static str>,
}

/// Where a parameter comes from. Places are JSON pointers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    Given(&'static str),
    Said(&'static str),
    /// What is said there, as the one item of a list.
    Alone(&'static str),
    /// What is given there, likewise.
    GivenAlone(&'static str),
    /// This place in each item of the list that is said there.
    Each(&'static str, &'static str),
    Text(&'static str),
}

/// How a description says where the job stands.
#[derive(Debug)]
pub(crate) enum Stands {
    /// By the state at this place; any that is named neither here nor there goes on.
    State { at: &'static str, good: &'static [&'static str], bad: &'static [&'static str] },
    /// A list of tasks, which have succeeded when all have stopped and every container has ended with 0.
    Tasks,
}

const fn state(at: &'static str, good: &'static [&'static str], bad: &'static [&'static str]) -> Stands {
    Stands::State { at, good, bad }
}

/// Jobs of machine learning, which are all named by whoever starts them.
const fn sagemaker(
    [start, ask, stop]: [&'static str; 3],
    name: &'static [(&'static str, Source)],
    at: &'static str,
) -> Kind {
    Kind {
        service: "sagemaker",
        start,
        token: None,
        ask: (ask, name),
        described: "",
        stands: state(at, &["Completed"], &["Failed", "Stopped"]),
        under: None,
        stop: (stop, name),
        each: None,
    }
}

/// Builds, which are alike one by one and in batches.
const fn codebuild(
    [start, ask, stop]: [&'static str; 3],
    (id, described, at): (&'static [(&'static str, Source)], &'static str, &'static str),
    under: &'static str,
) -> Kind {
    Kind {
        service: "codebuild",
        start,
        token: Some("IdempotencyToken"),
        ask: (ask, id),
        described,
        stands: state(at, &["SUCCEEDED"], &["FAILED", "FAULT", "TIMED_OUT", "STOPPED"]),
        under: Some(under),
        stop: (stop, &[("Id", Source::Given("/Ids/0"))]),
        each: None,
    }
}

const KINDS: [Kind; 10] = [
    Kind {
        service: "ecs",
        start: "runTask",
        token: Some("ClientToken"),
        ask: (
            "describeTasks",
            &[("Cluster", Source::Said("/Tasks/0/ClusterArn")), ("Tasks", Source::Each("/Tasks", "/TaskArn"))],
        ),
        described: "/Tasks",
        stands: Stands::Tasks,
        under: None,
        stop: ("stopTask", &[("Cluster", Source::Given("/Cluster")), ("Task", Source::Said("")), ("Reason", REASON)]),
        each: Some("/Tasks"),
    },
    Kind {
        service: "glue",
        start: "startJobRun",
        token: None,
        ask: ("getJobRun", &[("JobName", Source::Given("/JobName")), ("RunId", Source::Said("/JobRunId"))]),
        described: "/JobRun",
        stands: state("/JobRunState", &["SUCCEEDED"], &["FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"]),
        under: None,
        stop: (
            "batchStopJobRun",
            &[("JobName", Source::Given("/JobName")), ("JobRunIds", Source::GivenAlone("/RunId"))],
        ),
        each: None,
    },
    Kind {
        service: "batch",
        start: "submitJob",
        token: None,
        ask: ("describeJobs", &[("Jobs", Source::Alone("/JobId"))]),
        described: "/Jobs/0",
        stands: state("/Status", &["SUCCEEDED"], &["FAILED"]),
        under: None,
        stop: ("terminateJob", &[("JobId", Source::Given("/Jobs/0")), ("Reason", REASON)]),
        each: None,
    },
    codebuild(
        ["startBuild", "batchGetBuilds", "stopBuild"],
        (&[("Ids", Source::Alone("/Build/Id"))], "/Builds/0", "/BuildStatus"),
        "Build",
    ),
    codebuild(
        ["startBuildBatch", "batchGetBuildBatches", "stopBuildBatch"],
        (&[("Ids", Source::Alone("/BuildBatch/Id"))], "/BuildBatches/0", "/BuildBatchStatus"),
        "BuildBatch",
    ),
    Kind {
        service: "athena",
        start: "startQueryExecution",
        token: Some("ClientRequestToken"),
        ask: ("getQueryExecution", &[("QueryExecutionId", Source::Said("/QueryExecutionId"))]),
        described: "/QueryExecution",
        stands: state("/Status/State", &["SUCCEEDED"], &["FAILED", "CANCELLED"]),
        under: Some("QueryExecution"),
        stop: ("stopQueryExecution", &[("QueryExecutionId", Source::Given("/QueryExecutionId"))]),
        each: None,
    },
    sagemaker(
        ["createTrainingJob", "describeTrainingJob", "stopTrainingJob"],
        &[("TrainingJobName", Source::Given("/TrainingJobName"))],
        "/TrainingJobStatus",
    ),
    sagemaker(
        ["createTransformJob", "describeTransformJob", "stopTransformJob"],
        &[("TransformJobName", Source::Given("/TransformJobName"))],
        "/TransformJobStatus",
    ),
    sagemaker(
        ["createProcessingJob", "describeProcessingJob", "stopProcessingJob"],
        &[("ProcessingJobName", Source::Given("/ProcessingJobName"))],
        "/ProcessingJobStatus",
    ),
    sagemaker(
        ["createHyperParameterTuningJob", "describeHyperParameterTuningJob", "stopHyperParameterTuningJob"],
        &[("HyperParameterTuningJobName", Source::Given("/HyperParameterTuningJobName"))],
        "/HyperParameterTuningJobStatus",
    ),
];

/// Whether a resource asks for the end of what it starts.
pub fn is_waited_for(resource: &str) -> bool {
    resource.starts_with(PREFIX) && resource.ends_with(SUFFIX)
}

/// The jobs that can be waited for, as the ends of their resources: `glue:startJobRun.sync`.
pub fn jobs() -> impl Iterator<Item = String> {
    KINDS.iter().map(|kind| format!("{}:{}{SUFFIX}", kind.service, kind.start))
}

impl Kind {
    /// The kind of job that a resource starts, and the resource without the suffix by which it waits. `None`: none that is
    /// known here.
    pub(crate) fn of(resource: &str) -> Option<(&'static Self, &str)> {
        let start = resource.strip_suffix(SUFFIX)?;
        let (service, action) = start.strip_prefix(PREFIX)?.split_once(':')?;
        let kind = KINDS.iter().find(|kind| kind.service == service && kind.start == action)?;
        Some((kind, start))
    }

    /// The parameters of the question after a job that was started with `given`, which was answered with `said`. `None`: one
    /// of the two does not name it.
    pub(crate) fn question(&self, given: &Value, said: &Value) -> Option<Value> {
        made(self.ask.1, given, said)
    }

    /// The parameters that stop a job, of each request for it, from those of its question.
    pub(crate) fn stops(&self, question: &Value) -> Vec<Value> {
        let stop = |said: &Value| made(self.stop.1, question, said);
        match self.each {
            Some(each) => {
                question.pointer(each).and_then(Value::as_array).into_iter().flatten().filter_map(stop).collect()
            }
            None => stop(question).into_iter().collect(),
        }
    }
}

fn made(members: &[(&str, Source)], given: &Value, said: &Value) -> Option<Value> {
    let one = |from: Source| {
        Some(match from {
            Source::Given(at) => given.pointer(at)?.clone(),
            Source::Said(at) => said.pointer(at)?.clone(),
            Source::Alone(at) => Value::Array(vec![said.pointer(at)?.clone()]),
            Source::GivenAlone(at) => Value::Array(vec![given.pointer(at)?.clone()]),
            Source::Each(list, at) => {
                let items = said.pointer(list)?.as_array().filter(|items| !items.is_empty())?;
                Value::Array(items.iter().map(|item| item.pointer(at).cloned()).collect::<Option<_>>()?)
            }
            Source::Text(text) => Value::from(text),
        })
    };
    let members = members.iter().map(|(name, from)| Some(((*name).to_owned(), one(*from)?)));
    Some(Value::Object(members.collect::<Option<Map<_, _>>>()?))
}
