//! Tasks: one request each.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::house::house;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_out_as_text_and_its_id_comes_back() {
    let house = house("sqs", (200, vec![], r#"{"MessageId": "m1", "MD5OfMessageBody": "x"}"#)).await;
    let parameters = json!({ "QueueUrl": "https://sqs.eu-central-1.amazonaws.com/1/q", "MessageBody": { "n": 1 } });
    let sent = house.ask("arn:aws:states:::sqs:sendMessage", parameters).await.unwrap();
    assert_eq!(sent["MessageId"], "m1");
    let (line, headers, body) = house.one();
    assert_eq!((&*line, &*headers["x-amz-target"]), ("POST /", "AmazonSQS.SendMessage"));
    assert_eq!((&*headers["content-type"], &*headers["amz-sdk-invocation-id"]), ("application/x-amz-json-1.0", "one"));
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["MessageBody"], r#"{"n":1}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_has_the_services_own_error() {
    let body = r#"{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "no"}"#;
    let house = house("dynamodb", (400, vec![], body)).await;
    let failed = house.ask("arn:aws:states:::dynamodb:putItem", json!({ "TableName": "t" })).await.unwrap_err();
    assert_eq!(failed.error, "DynamoDB.ConditionalCheckFailedException");
    assert!(failed.cause.starts_with("no (Service: DynamoDB, Status Code: 400)"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_takes_forms_and_answers_in_xml_is_asked_likewise() {
    let answer = "<PublishResponse xmlns='http://sns.amazonaws.com/doc/2010-03-31/'><PublishResult><MessageId>94f</MessageId>\
                  </PublishResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>";
    let house = house("sns", (200, vec![("content-type", "text/xml")], answer)).await;
    let attributes = json!({ "kind": { "DataType": "String", "StringValue": "a b" } });
    let parameters = json!({ "TopicArn": "arn:t", "Message": { "n": 1 }, "MessageAttributes": attributes });
    assert_eq!(house.ask("arn:aws:states:::sns:publish", parameters).await.unwrap(), json!({ "MessageId": "94f" }));
    let (_, _, body) = house.one();
    let form: BTreeMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    assert_eq!((&*form["Action"], &*form["Version"], &*form["Message"]), ("Publish", "2010-03-31", r#"{"n":1}"#));
    assert_eq!(form["MessageAttributes.entry.1.Name"], "kind");
    assert_eq!(form["MessageAttributes.entry.1.Value.StringValue"], "a b");
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_methods_on_paths() {
    let house = house("s3", (200, vec![("etag", "\"e\""), ("content-type", "text/plain")], "hello")).await;
    let object = json!({ "Bucket": "orders", "Key": "2026/a b+c.txt" });
    let read = house.ask("arn:aws:states:::aws-sdk:s3:getObject", object).await.unwrap();
    assert_eq!((&read["Body"], &read["ContentLength"], &read["ETag"]), (&json!("hello"), &json!(5), &json!("\"e\"")));
    assert_eq!(house.one().0, "GET /orders/2026/a%20b%2Bc.txt");
    let missing = house.ask("arn:aws:states:::aws-sdk:s3:getObject", json!({ "Bucket": "orders" })).await.unwrap_err();
    assert_eq!(missing.error, "States.Runtime");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_invoked_and_its_failure_is_its_own_error() {
    let house_of = async |headers: Vec<(&'static str, &'static str)>, body| house("lambda", (200, headers, body)).await;
    let invoke = json!({ "FunctionName": "pay", "Payload": { "n": 1 } });
    let well = house_of(vec![("x-amz-executed-version", "$LATEST")], r#"{"paid": true}"#).await;
    let answer = well.ask("arn:aws:states:::lambda:invoke", invoke.clone()).await.unwrap();
    let expected = json!({ "ExecutedVersion": "$LATEST", "Payload": { "paid": true }, "StatusCode": 200 });
    assert_eq!(answer, expected);
    let (line, _, body) = well.one();
    assert_eq!((&*line, &*body), ("POST /2015-03-31/functions/pay/invocations", r#"{"n":1}"#));
    let told = r#"{"errorType": "CardDeclined", "errorMessage": "no"}"#;
    let ill = house_of(vec![("x-amz-function-error", "Unhandled")], told).await;
    assert_eq!(ill.ask("arn:aws:states:::lambda:invoke", invoke).await.unwrap_err().error, "CardDeclined");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_that_the_operator_does_not_name_is_offered_nothing_and_nothing_leaves() {
    let house = house("sqs", (200, vec![], "{}")).await;
    let task = house.aws.task((house.organisation, "other"), "arn:aws:states:::sqs:sendMessage");
    assert!(task.is_none(), "{task:?}");
    let unknown = house.aws.task((house.organisation, "acme"), "arn:aws:states:::braket:createQuantumTask");
    assert!(unknown.is_none(), "{unknown:?}");
    assert!(house.asked.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn members_begin_with_small_letters_on_the_wire_where_the_service_has_them_so() {
    let answer = r#"{"tasks": [{"taskArn": "t", "containers": [{"lastStatus": "PENDING"}]}], "failures": []}"#;
    let house = house("ecs", (200, vec![], answer)).await;
    let parameters = json!({ "TaskDefinition": "d", "launchType": "FARGATE", "Overrides": {
        "ContainerOverrides": [{ "Name": "c", "Environment": [{ "Name": "KEY", "Value": "V" }] }] } });
    let started = house.ask("arn:aws:states:::ecs:runTask", parameters).await.unwrap();
    let expected =
        json!({ "Tasks": [{ "TaskArn": "t", "Containers": [{ "LastStatus": "PENDING" }] }], "Failures": [] });
    assert_eq!(started, expected);
    let (_, headers, body) = house.one();
    assert_eq!(headers["x-amz-target"], "AmazonEC2ContainerServiceV20141113.RunTask");
    let sent = json!({ "taskDefinition": "d", "launchType": "FARGATE", "overrides": {
        "containerOverrides": [{ "name": "c", "environment": [{ "name": "KEY", "value": "V" }] }] } });
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_may_be_a_path_in_small_letters() {
    let house = house("batch", (200, vec![], r#"{"jobId": "j1", "jobName": "n"}"#)).await;
    let parameters = json!({ "JobName": "n", "JobQueue": "q", "JobDefinition": "d", "Parameters": { "Codec": "mp4" } });
    let taken = house.ask("arn:aws:states:::batch:submitJob", parameters).await.unwrap();
    assert_eq!(taken, json!({ "JobId": "j1", "JobName": "n" }));
    let (line, headers, body) = house.one();
    assert_eq!((&*line, &*headers["content-type"]), ("POST /v1/submitjob", "application/json"));
    let sent = json!({ "jobName": "n", "jobQueue": "q", "jobDefinition": "d", "parameters": { "Codec": "mp4" } });
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), sent);
}
