"""An unmodified boto3 against a host: what it signs is taken, and what it signs wrongly is refused by AWS's names.

The host's control plane, and a credential for it, come in the environment, as for any program that uses boto3.
"""

import datetime
import json
import os
import socket
import time
from unittest import mock

import boto3
import botocore.auth
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

REFUSED_SIGNATURES = {
    "MissingAuthenticationTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "UnrecognizedClientException",
}
EXECUTION = "arn:aws:states:eu-central-1:000000000000:stateMachine:none"


def client(region="eu-central-1", config=None, **changed):
    once = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=70)
    config = once.merge(config) if config else once
    return boto3.client("stepfunctions", region_name=region, config=config, **changed)


def refusal(call):
    """The error that a call ends with."""
    try:
        call()
    except ClientError as error:
        return error
    raise AssertionError("the call was not refused")


def code(call):
    return refusal(call).response["Error"]["Code"]


def renamed(to):
    """A client whose every request asks for the operation `to`."""
    renaming = client()

    def rename(params, **_):
        params["headers"]["X-Amz-Target"] = to

    renaming.meta.events.register("before-call.stepfunctions.*", rename)
    return renaming


def an_operation_that_is_not_known_is_refused_after_its_signature_was_taken():
    error = refusal(lambda: renamed("AWSStepFunctions.Nonsense").list_activities())
    assert error.response["Error"]["Code"] == "UnknownOperationException", error
    answer = error.response["ResponseMetadata"]
    assert answer["HTTPStatusCode"] == 400, answer
    assert answer["RequestId"].startswith("req_"), answer
    assert answer["HTTPHeaders"]["x-amzn-errortype"] == "UnknownOperationException", answer


def a_target_of_another_service_is_refused():
    assert code(lambda: renamed("DynamoDB_20120810.ListTables").list_activities()) == "UnknownOperationException"


def any_region_is_taken():
    for region in ["us-east-1", "eu-central-1", "ap-southeast-2"]:
        there = client(region)
        there.meta.events.register(
            "before-call.stepfunctions.*",
            lambda params, **_: params["headers"].update({"X-Amz-Target": "AWSStepFunctions.Nonsense"}),
        )
        assert code(lambda: there.list_activities()) == "UnknownOperationException", region


def a_wrong_secret_is_refused():
    wrong = client(aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"], aws_secret_access_key="x" * 40)
    assert code(lambda: wrong.list_activities()) == "InvalidSignatureException"


def an_unknown_credential_is_refused():
    secret = os.environ["AWS_SECRET_ACCESS_KEY"]
    for unknown in ["WEIRAAAAAAAAAAAAAAAA", "AKIAIOSFODNN7EXAMPLE"]:
        nobody = client(aws_access_key_id=unknown, aws_secret_access_key=secret)
        assert code(lambda: nobody.list_activities()) == "UnrecognizedClientException"


def a_session_token_is_refused():
    credential = {
        "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
        "aws_session_token": "left over from another account",
    }
    assert code(lambda: client(**credential).list_activities()) == "UnrecognizedClientException"


def a_request_without_a_signature_is_refused():
    unsigned = client(config=Config(signature_version=UNSIGNED))
    assert code(lambda: unsigned.list_activities()) == "MissingAuthenticationTokenException"


def a_clock_that_is_six_minutes_off_is_refused():
    for minutes, said in [(-6, "Signature expired"), (6, "Signature not yet current")]:
        there = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
        with mock.patch.object(botocore.auth, "get_current_datetime", lambda *_, **__: there):
            error = refusal(lambda: client().list_activities())
        assert error.response["Error"]["Code"] == "InvalidSignatureException", error
        assert said in error.response["Error"]["Message"], error


def a_request_for_the_host_that_begins_with_sync_is_taken():
    # As a wildcard in the DNS would have it.
    known = socket.getaddrinfo

    def everywhere(host, *rest, **named):
        host = host.decode() if isinstance(host, bytes) else host
        return known(host.removeprefix("sync-"), *rest, **named)

    with mock.patch.object(socket, "getaddrinfo", everywhere):
        error = refusal(lambda: client().start_sync_execution(stateMachineArn=EXECUTION))
    assert error.response["Error"]["Code"] not in REFUSED_SIGNATURES, error


def a_body_that_is_too_large_is_refused():
    assert code(lambda: client().send_task_success(taskToken="t", output="x" * 1_048_576)) in {
        "RequestEntityTooLargeException",
        "413",
    }


def an_execution_waits_for_a_worker_and_ends_with_its_answer():
    states = client()
    activity = states.create_activity(name="pack")["activityArn"]
    definition = {
        "StartAt": "Shape",
        "States": {
            "Shape": {"Type": "Pass", "Result": {"box": 7}, "Next": "Pack"},
            "Pack": {"Type": "Task", "Resource": activity, "End": True},
        },
    }
    role = "arn:aws:iam::123456789012:role/any"
    created = states.create_state_machine(name="packing", definition=json.dumps(definition), roleArn=role)
    machine = created["stateMachineArn"]
    execution = states.start_execution(stateMachineArn=machine, name="one", input="{}")["executionArn"]
    task = states.get_activity_task(activityArn=activity, workerName="worker")
    assert json.loads(task["input"]) == {"box": 7}, task
    states.send_task_success(taskToken=task["taskToken"], output='"packed"')
    for _ in range(200):
        described = states.describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            break
        time.sleep(0.05)
    assert (described["status"], described["output"]) == ("SUCCEEDED", '"packed"'), described
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=execution, PaginationConfig={"PageSize": 3}
    )
    assert [event["type"] for event in pages.build_full_result()["events"]] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "TaskStateEntered",
        "ActivityScheduled",
        "ActivityStarted",
        "ActivitySucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    again = refusal(lambda: states.start_execution(stateMachineArn=machine, name="one", input='{"other": 1}'))
    assert isinstance(again, states.exceptions.ExecutionAlreadyExists), again


TESTS = [
    an_execution_waits_for_a_worker_and_ends_with_its_answer,
    an_operation_that_is_not_known_is_refused_after_its_signature_was_taken,
    a_target_of_another_service_is_refused,
    any_region_is_taken,
    a_wrong_secret_is_refused,
    an_unknown_credential_is_refused,
    a_session_token_is_refused,
    a_request_without_a_signature_is_refused,
    a_clock_that_is_six_minutes_off_is_refused,
    a_request_for_the_host_that_begins_with_sync_is_taken,
    a_body_that_is_too_large_is_refused,
]

if __name__ == "__main__":
    for test in TESTS:
        test()
        print(test.__name__.replace("_", " "), flush=True)
    print(f"{len(TESTS)} of {len(TESTS)}")
