//! Jobs: started, asked after and stopped as their services have it.

use aws::{ServiceJob, Standing};
use serde_json::{Value, json};

use crate::house::{Answer, Asked, House, house, house_that};

fn well(body: &'static str) -> Answer {
    (200, vec![], body)
}

/// The operation that was asked for, wherever the protocol says it.
fn operation(asked: &Asked) -> &str {
    let target = asked.1.get("x-amz-target").map(|target| target.split('.').next_back().unwrap());
    target.unwrap_or(asked.0.rsplit('/').next().unwrap())
}

impl House {
    fn job<'a>(&'a self, resource: &'a str) -> ServiceJob<'a> {
        self.aws.job((self.organisation, "acme"), resource).unwrap_or_else(|| panic!("{resource} is offered"))
    }

    /// The operations and bodies so far.
    fn told(&self) -> Vec<(String, Value)> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|asked| (operation(asked).to_owned(), serde_json::from_str(&asked.2).unwrap())).collect()
    }
}

/// A kind of job, as its service's reference has it.
struct Case {
    resource: &'static str,
    signed_for: &'static str,
    parameters: Value,
    /// What the service answers to each operation; the question's is that of a job that has succeeded.
    answers: [(&'static str, &'static str); 3],
    /// What is sent with the question and the stop.
    sent: [Value; 2],
    result: Value,
    /// A word in the question's answer, and what stands there while the job runs, and when it has failed.
    states: [&'static str; 3],
}

const REASON: &str = "the execution of the workflow does not wait for it any more";

fn cases() -> Vec<Case> {
    [containers(), data(), builds(), machine_learning()].into_iter().flatten().collect()
}

fn containers() -> Vec<Case> {
    vec![
        Case {
            resource: "arn:aws:states:::ecs:runTask.sync",
            signed_for: "ecs",
            parameters: json!({ "Cluster": "c", "TaskDefinition": "d" }),
            answers: [
                ("RunTask", r#"{"tasks": [{"taskArn": "t1", "clusterArn": "c1"}], "failures": []}"#),
                (
                    "DescribeTasks",
                    r#"{"tasks": [{"lastStatus": "STOPPED", "containers": [{"exitCode": 0}]}], "failures": []}"#,
                ),
                ("StopTask", "{}"),
            ],
            sent: [
                json!({ "cluster": "c1", "tasks": ["t1"] }),
                json!({ "cluster": "c1", "task": "t1", "reason": REASON }),
            ],
            result: json!({ "LastStatus": "STOPPED", "Containers": [{ "ExitCode": 0 }] }),
            states: [
                r#""STOPPED", "containers": [{"exitCode": 0}]"#,
                r#""RUNNING""#,
                r#""STOPPED", "containers": [{"exitCode": 1}]"#,
            ],
        },
        Case {
            resource: "arn:aws:states:::batch:submitJob.sync",
            signed_for: "batch",
            parameters: json!({ "JobName": "n", "JobQueue": "q", "JobDefinition": "d" }),
            answers: [
                ("submitjob", r#"{"jobId": "j1", "jobName": "n"}"#),
                ("describejobs", r#"{"jobs": [{"jobId": "j1", "status": "SUCCEEDED", "tags": {"team": "a"}}]}"#),
                ("terminatejob", "{}"),
            ],
            sent: [json!({ "jobs": ["j1"] }), json!({ "jobId": "j1", "reason": REASON })],
            result: json!({ "JobId": "j1", "Status": "SUCCEEDED", "Tags": { "team": "a" } }),
            states: ["SUCCEEDED", "RUNNABLE", "FAILED"],
        },
    ]
}

fn data() -> Vec<Case> {
    vec![
        Case {
            resource: "arn:aws:states:::glue:startJobRun.sync",
            signed_for: "glue",
            parameters: json!({ "JobName": "etl", "Arguments": { "--day": "1" } }),
            answers: [
                ("StartJobRun", r#"{"JobRunId": "jr"}"#),
                ("GetJobRun", r#"{"JobRun": {"Id": "jr", "JobRunState": "SUCCEEDED"}}"#),
                ("BatchStopJobRun", r#"{"SuccessfulSubmissions": []}"#),
            ],
            sent: [json!({ "JobName": "etl", "RunId": "jr" }), json!({ "JobName": "etl", "JobRunIds": ["jr"] })],
            result: json!({ "Id": "jr", "JobRunState": "SUCCEEDED" }),
            states: ["SUCCEEDED", "RUNNING", "TIMEOUT"],
        },
        Case {
            resource: "arn:aws:states:::athena:startQueryExecution.sync",
            signed_for: "athena",
            parameters: json!({ "QueryString": "SELECT 1", "WorkGroup": "primary" }),
            answers: [
                ("StartQueryExecution", r#"{"QueryExecutionId": "q"}"#),
                (
                    "GetQueryExecution",
                    r#"{"QueryExecution": {"QueryExecutionId": "q", "Status": {"State": "SUCCEEDED"}}}"#,
                ),
                ("StopQueryExecution", "{}"),
            ],
            sent: [json!({ "QueryExecutionId": "q" }), json!({ "QueryExecutionId": "q" })],
            result: json!({ "QueryExecution": { "QueryExecutionId": "q", "Status": { "State": "SUCCEEDED" } } }),
            states: ["SUCCEEDED", "QUEUED", "CANCELLED"],
        },
    ]
}

fn builds() -> Vec<Case> {
    vec![
        Case {
            resource: "arn:aws:states:::codebuild:startBuild.sync",
            signed_for: "codebuild",
            parameters: json!({ "ProjectName": "p" }),
            answers: [
                ("StartBuild", r#"{"build": {"id": "p:1", "buildStatus": "IN_PROGRESS"}}"#),
                ("BatchGetBuilds", r#"{"builds": [{"id": "p:1", "buildStatus": "SUCCEEDED"}]}"#),
                ("StopBuild", "{}"),
            ],
            sent: [json!({ "ids": ["p:1"] }), json!({ "id": "p:1" })],
            result: json!({ "Build": { "Id": "p:1", "BuildStatus": "SUCCEEDED" } }),
            states: ["SUCCEEDED", "IN_PROGRESS", "FAULT"],
        },
        Case {
            resource: "arn:aws:states:::codebuild:startBuildBatch.sync",
            signed_for: "codebuild",
            parameters: json!({ "ProjectName": "p" }),
            answers: [
                ("StartBuildBatch", r#"{"buildBatch": {"id": "p:1"}}"#),
                ("BatchGetBuildBatches", r#"{"buildBatches": [{"id": "p:1", "buildBatchStatus": "SUCCEEDED"}]}"#),
                ("StopBuildBatch", "{}"),
            ],
            sent: [json!({ "ids": ["p:1"] }), json!({ "id": "p:1" })],
            result: json!({ "BuildBatch": { "Id": "p:1", "BuildBatchStatus": "SUCCEEDED" } }),
            states: ["SUCCEEDED", "IN_PROGRESS", "STOPPED"],
        },
    ]
}

fn machine_learning() -> Vec<Case> {
    vec![
        sagemaker(
            "arn:aws:states:::sagemaker:createTrainingJob.sync",
            json!({ "TrainingJobName": "n" }),
            [
                ("CreateTrainingJob", r#"{"TrainingJobArn": "a"}"#),
                ("DescribeTrainingJob", r#"{"TrainingJobArn": "a", "TrainingJobStatus": "Completed"}"#),
                ("StopTrainingJob", ""),
            ],
            json!({ "TrainingJobArn": "a", "TrainingJobStatus": "Completed" }),
        ),
        sagemaker(
            "arn:aws:states:::sagemaker:createTransformJob.sync",
            json!({ "TransformJobName": "n" }),
            [
                ("CreateTransformJob", r#"{"TransformJobArn": "a"}"#),
                ("DescribeTransformJob", r#"{"TransformJobStatus": "Completed"}"#),
                ("StopTransformJob", ""),
            ],
            json!({ "TransformJobStatus": "Completed" }),
        ),
        sagemaker(
            "arn:aws:states:::sagemaker:createProcessingJob.sync",
            json!({ "ProcessingJobName": "n" }),
            [
                ("CreateProcessingJob", r#"{"ProcessingJobArn": "a"}"#),
                ("DescribeProcessingJob", r#"{"ProcessingJobStatus": "Completed"}"#),
                ("StopProcessingJob", ""),
            ],
            json!({ "ProcessingJobStatus": "Completed" }),
        ),
        sagemaker(
            "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync",
            json!({ "HyperParameterTuningJobName": "n" }),
            [
                ("CreateHyperParameterTuningJob", r#"{"HyperParameterTuningJobArn": "a"}"#),
                ("DescribeHyperParameterTuningJob", r#"{"HyperParameterTuningJobStatus": "Completed"}"#),
                ("StopHyperParameterTuningJob", ""),
            ],
            json!({ "HyperParameterTuningJobStatus": "Completed" }),
        ),
    ]
}

/// Its jobs have the names that they were given.
fn sagemaker(resource: &'static str, name: Value, answers: [(&'static str, &'static str); 3], result: Value) -> Case {
    Case {
        resource,
        signed_for: "sagemaker",
        parameters: name.clone(),
        answers,
        sent: [name.clone(), name],
        result,
        states: ["Completed", "InProgress", "Stopped"],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_job_is_started_asked_after_and_stopped_as_its_service_has_it() {
    let cases = cases();
    let tested: Vec<_> = cases.iter().map(|case| case.resource.trim_start_matches("arn:aws:states:::")).collect();
    let mut offered: Vec<_> = aws::jobs().collect();
    offered.retain(|name| !tested.contains(&&**name));
    assert!(offered.is_empty(), "no case for {offered:?}");
    for case in cases {
        let answers = case.answers;
        let house = house_that(case.signed_for, move |asked| {
            let found = answers.iter().find(|(of, _)| *of == operation(asked));
            well(found.unwrap_or_else(|| panic!("{} is asked for", operation(asked))).1)
        })
        .await;
        let job = house.job(case.resource);
        let started = job.start(&case.parameters, "one", "one#1").await.unwrap();
        assert_eq!(job.ask(&started.handle, "one").await, Standing::Ended(Ok(case.result)), "{}", case.resource);
        job.stop(&started.handle, "one").await.unwrap();
        let told = house.told();
        assert_eq!(
            told.iter().map(|(of, _)| &**of).collect::<Vec<_>>(),
            answers.map(|(of, _)| of),
            "{}",
            case.resource
        );
        assert_eq!([&told[1].1, &told[2].1], [&case.sent[0], &case.sent[1]], "{}", case.resource);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_runs_until_it_has_ended_and_one_that_ended_ill_is_a_failed_task_with_its_description() {
    for case in cases() {
        let [good, runs, bad] = case.states;
        let answer = |state: &str| -> &'static str { case.answers[1].1.replace(good, state).leak() };
        let (running, failed) = (answer(runs), answer(bad));
        let resource = case.resource;
        for (body, is_over) in [(running, false), (failed, true)] {
            let start = case.answers[0];
            let house = house_that(case.signed_for, move |asked| {
                well(if operation(asked) == start.0 { start.1 } else { body })
            })
            .await;
            let job = house.job(resource);
            let started = job.start(&case.parameters, "one", "one#1").await.unwrap();
            match job.ask(&started.handle, "one").await {
                Standing::Runs => assert!(!is_over, "{resource}: {body}"),
                Standing::Ended(Err(fault)) => {
                    assert!(is_over, "{resource}: {body}");
                    assert_eq!(fault.error, "States.TaskFailed");
                    assert!(
                        serde_json::from_str::<Value>(&fault.cause).unwrap().is_object(),
                        "{resource}: {}",
                        fault.cause
                    );
                }
                other => panic!("{resource}: {other:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_start_shows_the_same_token_and_that_of_another_attempt_a_new_one() {
    for (resource, signed_for, answer, member) in [
        (
            "arn:aws:states:::ecs:runTask.sync",
            "ecs",
            r#"{"tasks": [{"taskArn": "t", "clusterArn": "c"}]}"#,
            "clientToken",
        ),
        ("arn:aws:states:::codebuild:startBuild.sync", "codebuild", r#"{"build": {"id": "b"}}"#, "idempotencyToken"),
        (
            "arn:aws:states:::athena:startQueryExecution.sync",
            "athena",
            r#"{"QueryExecutionId": "q"}"#,
            "ClientRequestToken",
        ),
    ] {
        let house = house(signed_for, well(answer)).await;
        for attempt in ["one#1", "one#1", "one#2"] {
            house.job(resource).start(&json!({}), "one", attempt).await.unwrap();
        }
        let own = json!({ member: "the-author-has-one-of-his-own-0000" });
        house.job(resource).start(&own, "one", "one#1").await.unwrap();
        let told = house.told();
        let tokens: Vec<&str> = told.iter().map(|(_, body)| body[member].as_str().unwrap()).collect();
        assert!(tokens[0] == tokens[1] && tokens[0] != tokens[2], "{resource}: {tokens:?}");
        assert!((32..=64).contains(&tokens[0].len()), "{resource}: {tokens:?}");
        assert_eq!(tokens[3], own[member], "{resource}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_that_could_not_be_placed_fail_the_start_and_those_that_were_are_stopped() {
    let answer = r#"{"tasks": [{"taskArn": "t", "clusterArn": "c"}], "failures": [{"reason": "RESOURCE:MEMORY"}]}"#;
    let house = house("ecs", well(answer)).await;
    let job = house.job("arn:aws:states:::ecs:runTask.sync");
    let failed = job.start(&json!({ "Count": 2 }), "one", "one#1").await.unwrap_err();
    assert_eq!(failed.error, "AmazonECS.Unknown");
    assert!(failed.cause.contains("RESOURCE:MEMORY"), "{failed}");
    assert_eq!(house.told()[1].0, "StopTask");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_tasks_end_with_the_last_of_them_and_each_is_stopped() {
    let house = house_that("ecs", |asked| {
        let started = r#"{"tasks": [{"taskArn": "t1", "clusterArn": "c"}, {"taskArn": "t2", "clusterArn": "c"}]}"#;
        let one_runs = r#"{"tasks": [{"lastStatus": "STOPPED"}, {"lastStatus": "RUNNING"}]}"#;
        well(if operation(asked) == "RunTask" { started } else { one_runs })
    })
    .await;
    let job = house.job("arn:aws:states:::ecs:runTask.sync");
    let started = job.start(&json!({ "Count": 2 }), "one", "one#1").await.unwrap();
    assert_eq!(job.ask(&started.handle, "one").await, Standing::Runs);
    job.stop(&started.handle, "one").await.unwrap();
    let stopped: Vec<_> = house.told().into_iter().skip(2).map(|(of, body)| (of, body["task"].clone())).collect();
    assert_eq!(stopped, [("StopTask".to_owned(), json!("t1")), ("StopTask".to_owned(), json!("t2"))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_has_succeeded_if_it_stopped_by_itself_and_what_ran_of_it_ended_well() {
    for (stopped, succeeded) in [
        (r#""stopCode": "EssentialContainerExited", "containers": [{"exitCode": 0}]"#, true),
        (r#""containers": [{"exitCode": 0}, {}]"#, true),
        (r#""stopCode": "EssentialContainerExited", "containers": [{"exitCode": 0}, {"exitCode": 137}]"#, false),
        (r#""stopCode": "TaskFailedToStart", "containers": [{}]"#, false),
        // Its machine was taken away, or somebody stopped it, before anything ran.
        (r#""stopCode": "TerminationNotice", "containers": [{}]"#, false),
        (r#""stopCode": "UserInitiated", "containers": []"#, false),
        (r#""stopCode": "SpotInterruption", "containers": [{"exitCode": 0}]"#, false),
    ] {
        let answer: &'static str = format!(r#"{{"tasks": [{{"lastStatus": "STOPPED", {stopped}}}]}}"#).leak();
        let house = house_that("ecs", move |asked| {
            let started = r#"{"tasks": [{"taskArn": "t", "clusterArn": "c"}]}"#;
            well(if operation(asked) == "RunTask" { started } else { answer })
        })
        .await;
        let job = house.job("arn:aws:states:::ecs:runTask.sync");
        let started = job.start(&json!({}), "one", "one#1").await.unwrap();
        match job.ask(&started.handle, "one").await {
            Standing::Ended(Ok(_)) => assert!(succeeded, "{stopped}"),
            Standing::Ended(Err(fault)) => assert!(!succeeded && fault.error == "States.TaskFailed", "{stopped}"),
            other => panic!("{stopped}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_is_answered_with_errors_has_failed() {
    let errors = r#"{"SuccessfulSubmissions": [], "Errors": [{"JobRunId": "jr", "ErrorDetail": {"ErrorCode": "X"}}]}"#;
    for (answer, stopped) in [(errors, false), (r#"{"SuccessfulSubmissions": [{}], "Errors": []}"#, true)] {
        let house = house("glue", well(answer)).await;
        let job = house.job("arn:aws:states:::glue:startJobRun.sync");
        let stop = job.stop(&json!({ "JobName": "etl", "RunId": "jr" }), "one").await;
        assert_eq!(stop.is_ok(), stopped, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_was_not_answered_is_worth_another_unless_it_was_refused() {
    let denied = (400, vec![], r#"{"__type": "AccessDeniedException", "Message": "no"}"#);
    for (answer, is_lost) in [
        ((503, vec![], ""), false),
        ((400, vec![], r#"{"__type": "ThrottlingException"}"#), false),
        ((200, vec![], "{}"), false),
        (denied, true),
    ] {
        let house = house("glue", answer.clone()).await;
        let job = house.job("arn:aws:states:::glue:startJobRun.sync");
        match job.ask(&json!({ "JobName": "etl", "RunId": "jr" }), "one").await {
            Standing::Unheard(_) => assert!(!is_lost, "{answer:?}"),
            Standing::Lost(fault) => assert!(is_lost && fault.error == "Glue.AccessDeniedException", "{fault}"),
            other => panic!("{answer:?}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_job_that_is_known_is_not_waited_for() {
    let house = house("glue", well("{}")).await;
    for resource in [
        "arn:aws:states:::glue:startJobRun",
        "arn:aws:states:::glue:startCrawler.sync",
        "arn:aws:states:::aws-sdk:glue:startJobRun.sync",
        "arn:aws:states:::sqs:sendMessage.sync",
    ] {
        assert!(house.aws.job((house.organisation, "acme"), resource).is_none(), "{resource}");
    }
    assert!(house.aws.job((house.organisation, "other"), "arn:aws:states:::glue:startJobRun.sync").is_none());
}
