//! Every route of the control plane, in the order of its own list.

use types::{ApiId, AppId, Code, InvitationId, KeyId, OrganisationId, PlanId, SubscriptionId};

use super::operation::Access::{Manage, Open, Publish, Read};
use super::operation::Operation;
use crate::{
    Accept, Accepted, Act, Api, ApiChange, App, AuditQuery, AwsCredential, AwsCredentialEntry, AwsCredentialQuery,
    Call, CallLogs, CallQuery, CallTrace, Cancel, Component, Execution, ExecutionDetail, ExecutionQuery, Health,
    HistoryEvent, HistoryQuery, Host, Invitation, InvitationEntry, Key, KeyDisabled, KeyEnd, KeyEntry, ListQuery, Live,
    MachineRole, MachineRoleQuery, NewApi, NewApp, NewAwsCredential, NewInvitation, NewKey, NewMachineRole,
    NewOrganisation, NewPlan, NewRelease, NewSchedule, NewSecret, NewSubscription, NewToken, Organisation, Page, Plan,
    Readiness, Reconciliation, RedriveExecutions, Redriven, Release, ReleaseQuery, Renamed, RevokeQuery, Rotate, Run,
    Schedule, ScheduleQuery, SchedulesQuery, Secret, SecretQuery, SpendCap, StopExecution, Subscription, Suspend,
    Token, TokenEntry, TokenQuery, Usage, UsageQuery, Verification, Who,
};

/// Every route.
pub fn operations() -> Vec<Operation> {
    [
        health(),
        accounts(),
        products(),
        secrets(),
        machine_roles(),
        aws_credentials(),
        super::sent::operations(),
        super::stored::operations(),
        consumers(),
        executions(),
        reports(),
    ]
    .concat()
}

fn health() -> Vec<Operation> {
    vec![
        Operation::new("GET", "/healthz", Open, "Whether the process runs").answers::<Health>(),
        Operation::new("GET", "/readyz", Open, "Whether calls are taken").answers::<Readiness>().unready::<Readiness>(),
        Operation::new("GET", super::PATH, Open, "This document").answers::<serde_json::Value>(),
    ]
}

/// Standing still, and going on.
fn suspension<T: schemars::JsonSchema>(path: &str, what: [&'static str; 2]) -> [Operation; 2] {
    let path = format!("{path}/suspension");
    let [stop, go] = what;
    [
        Operation::new("PUT", &path, Manage, stop).takes::<Suspend>().answers::<T>().tagged().must_match(),
        Operation::new("DELETE", &path, Manage, go).answers::<T>().tagged().must_match(),
    ]
}

fn accounts() -> Vec<Operation> {
    let organisation = "/v1/organisations/{organisation}";
    vec![
        Operation::new("GET", "/v1/whoami", Read, "Whom the token stands for").answers::<Who>(),
        Operation::new("GET", "/v1/organisations", Read, "Lists organisations")
            .query::<ListQuery<OrganisationId>>()
            .answers::<Page<Organisation>>(),
        Operation::new("POST", "/v1/organisations", Manage, "Makes an organisation, or finds the one with the name")
            .takes::<NewOrganisation>()
            .makes_or_finds::<Organisation>(),
        Operation::new("GET", organisation, Read, "Shows an organisation").answers::<Organisation>().tagged(),
        Operation::new("PATCH", organisation, Manage, "Renames an organisation")
            .takes::<Renamed>()
            .answers::<Organisation>()
            .tagged()
            .may_match()
            .refuses(&[Code::Conflict]),
        Operation::new("GET", "/v1/tokens", Read, "Lists tokens, those that are revoked if it is asked for them")
            .query::<TokenQuery>()
            .answers::<Page<TokenEntry>>(),
        Operation::new("POST", "/v1/tokens", Manage, "Makes a token")
            .takes::<NewToken>()
            .makes::<Token>()
            .fresh()
            .refuses(&[Code::NotFound, Code::Unprocessable]),
        Operation::new("GET", "/v1/tokens/{token}", Read, "Shows a token").answers::<TokenEntry>().tagged(),
        Operation::new("DELETE", "/v1/tokens/{token}", Manage, "Revokes a token, for good")
            .query::<RevokeQuery>()
            .answers::<TokenEntry>(),
        Operation::new("GET", "/v1/invitations", Read, "Lists invitations")
            .query::<ListQuery<InvitationId>>()
            .answers::<Page<InvitationEntry>>(),
        Operation::new("POST", "/v1/invitations", Manage, "Invites somebody to sign up")
            .may_take::<NewInvitation>()
            .makes::<Invitation>()
            .fresh()
            .refuses(&[Code::Unprocessable]),
        Operation::new("DELETE", "/v1/invitations/{invitation}", Manage, "Revokes an invitation")
            .query::<RevokeQuery>()
            .answers::<InvitationEntry>(),
        Operation::new("POST", "/v1/invitations/accept", Open, "Signs up")
            .takes::<Accept>()
            .makes::<Accepted>()
            .refuses(&[Code::Forbidden, Code::Conflict, Code::MeteringUnavailable]),
        Operation::new("POST", "/v1/tokens/{token}/rotate", Manage, "Makes a token's successor")
            .may_take::<Rotate>()
            .makes::<Token>()
            .fresh()
            .refuses(&[Code::Unprocessable]),
    ]
}

fn products() -> Vec<Operation> {
    let (api, releases) = ("/v1/apis/{slug}", "/v1/apis/{slug}/releases");
    let release = "/v1/apis/{slug}/releases/{number}";
    let mut all = vec![
        Operation::new("GET", "/v1/apis", Read, "Lists APIs").query::<ListQuery<ApiId>>().answers::<Page<Api>>(),
        Operation::new("POST", "/v1/apis", Publish, "Makes an API, or brings the one with the slug up to date")
            .takes::<NewApi>()
            .makes_or_finds::<Api>()
            .refuses(&[Code::NotFound, Code::Unprocessable]),
        Operation::new("GET", api, Read, "Shows an API").answers::<Api>().tagged(),
        Operation::new("PATCH", api, Publish, "Changes an API's title and host names")
            .may_take::<ApiChange>()
            .answers::<Api>()
            .tagged()
            .may_match()
            .refuses(&[Code::Conflict]),
        Operation::new("PUT", "/v1/apis/{slug}/live", Publish, "Lets a release serve, alone or its share of the calls")
            .takes::<Live>()
            .makes_or_finds::<Api>()
            .must_match()
            .refuses(&[Code::Unprocessable]),
        Operation::new("GET", releases, Read, "Lists releases, the newest first")
            .query::<ReleaseQuery>()
            .answers::<Page<Release>>(),
        Operation::new("POST", releases, Publish, "Makes a release, or finds the latest if it says the same")
            .takes::<NewRelease>()
            .makes_or_finds::<Release>()
            .refuses(&[Code::Unprocessable]),
        Operation::new("GET", release, Read, "Shows a release").answers::<Release>().tagged(),
        Operation::new("GET", "/v1/apis/{slug}/plans", Read, "Lists every version of every plan")
            .query::<ListQuery<PlanId>>()
            .answers::<Page<Plan>>(),
        Operation::new("POST", "/v1/apis/{slug}/plans", Publish, "Makes a plan, or its next version")
            .takes::<NewPlan>()
            .makes_or_finds::<Plan>()
            .may_match()
            .refuses(&[Code::PreconditionRequired, Code::Unprocessable]),
        Operation::new("GET", "/v1/plans/{plan}", Read, "Shows a version of a plan").answers::<Plan>().tagged(),
        Operation::new("GET", "/v1/components/{digest}", Read, "Shows a component").answers::<Component>(),
        Operation::new("PUT", "/v1/components/{digest}", Publish, "Uploads a component")
            .takes_bytes("application/wasm")
            .makes_or_finds::<Component>()
            .refuses(&[Code::ComponentRefused, Code::Unprocessable]),
    ];
    all.extend(suspension::<Api>(api, ["Suspends an API", "Resumes an API"]));
    all.extend(suspension::<Release>(release, ["Suspends a release", "Resumes a release"]));
    all.extend(suspension::<Plan>("/v1/plans/{plan}", ["Suspends a version of a plan", "Resumes a version of a plan"]));
    all
}

fn secrets() -> Vec<Operation> {
    let secret = "/v1/secrets/{name}";
    vec![
        Operation::new("GET", "/v1/secrets", Read, "Lists secrets, without their values")
            .query::<SecretQuery>()
            .answers::<Page<Secret>>()
            .refuses(&[Code::NotFound]),
        Operation::new("PUT", secret, Manage, "Sets a secret, in place of the value that it had")
            .takes::<NewSecret>()
            .makes_or_finds::<Secret>()
            .refuses(&[Code::Unprocessable]),
        Operation::new("DELETE", secret, Manage, "Removes a secret: requests that would carry it are denied")
            .query::<SecretQuery>()
            .answers::<Secret>()
            .refuses(&[Code::Unprocessable]),
    ]
}

fn machine_roles() -> Vec<Operation> {
    let role = "/v1/machine-roles/{role}";
    vec![
        Operation::new("GET", "/v1/machine-roles", Read, "Lists the roles of state machines, with what they grant")
            .query::<MachineRoleQuery>()
            .answers::<Page<MachineRole>>()
            .refuses(&[Code::NotFound]),
        Operation::new("PUT", role, Manage, "Sets what the state machines under a role may reach outside")
            .takes::<NewMachineRole>()
            .makes_or_finds::<MachineRole>()
            .refuses(&[Code::Unprocessable]),
        Operation::new("DELETE", role, Manage, "Removes a role: requests of its state machines are denied")
            .query::<MachineRoleQuery>()
            .answers::<MachineRole>()
            .refuses(&[Code::Unprocessable]),
    ]
}

fn aws_credentials() -> Vec<Operation> {
    let one = "/v1/aws-credentials/{access_key}";
    vec![
        Operation::new(
            "GET",
            "/v1/aws-credentials",
            Read,
            "Lists the credentials for clients of AWS, without their secrets",
        )
        .query::<AwsCredentialQuery>()
        .answers::<Page<AwsCredentialEntry>>()
        .refuses(&[Code::NotFound]),
        Operation::new("POST", "/v1/aws-credentials", Manage, "Makes a credential for clients of AWS")
            .takes::<NewAwsCredential>()
            .makes::<AwsCredential>()
            .fresh()
            .refuses(&[Code::NotFound, Code::Conflict, Code::Unprocessable]),
        Operation::new("GET", one, Read, "Shows a credential for clients of AWS")
            .answers::<AwsCredentialEntry>()
            .tagged(),
        Operation::new("DELETE", one, Manage, "Deletes a credential: what it signs is refused from now on")
            .answers::<AwsCredentialEntry>(),
    ]
}

fn consumers() -> Vec<Operation> {
    let (app, key, subscription) = ("/v1/apps/{app}", "/v1/keys/{key}", "/v1/subscriptions/{subscription}");
    let mut all = vec![
        Operation::new("GET", "/v1/apps", Read, "Lists apps").query::<ListQuery<AppId>>().answers::<Page<App>>(),
        Operation::new("POST", "/v1/apps", Manage, "Makes an app, or finds the one with the name")
            .takes::<NewApp>()
            .makes_or_finds::<App>()
            .refuses(&[Code::NotFound, Code::Unprocessable]),
        Operation::new("GET", app, Read, "Shows an app").answers::<App>().tagged(),
        Operation::new("PATCH", app, Manage, "Renames an app")
            .takes::<Renamed>()
            .answers::<App>()
            .tagged()
            .may_match()
            .refuses(&[Code::Conflict]),
        Operation::new("GET", "/v1/apps/{app}/keys", Read, "Lists the keys of an app")
            .query::<ListQuery<KeyId>>()
            .answers::<Page<KeyEntry>>(),
        Operation::new("POST", "/v1/apps/{app}/keys", Manage, "Makes a key")
            .may_take::<NewKey>()
            .makes::<Key>()
            .fresh()
            .refuses(&[Code::Unprocessable]),
        Operation::new("GET", key, Read, "Shows a key").answers::<KeyEntry>().tagged(),
        Operation::new("PATCH", key, Manage, "Says when a key ends")
            .takes::<KeyEnd>()
            .answers::<KeyEntry>()
            .tagged()
            .may_match()
            .refuses(&[Code::Unprocessable]),
        Operation::new("POST", "/v1/keys/{key}/disable", Manage, "Disables a key, for good")
            .takes::<KeyDisabled>()
            .answers::<KeyEntry>()
            .tagged(),
        Operation::new("POST", "/v1/keys/{key}/rotate", Manage, "Makes a key's successor")
            .may_take::<Rotate>()
            .makes::<Key>()
            .fresh()
            .refuses(&[Code::Unprocessable]),
        Operation::new("GET", "/v1/subscriptions", Read, "Lists subscriptions")
            .query::<ListQuery<SubscriptionId>>()
            .answers::<Page<Subscription>>(),
        Operation::new("POST", "/v1/subscriptions", Manage, "Subscribes, or moves a subscription to another plan")
            .takes::<NewSubscription>()
            .makes_or_finds::<Subscription>()
            .refuses(&[Code::NotFound, Code::Unprocessable]),
        Operation::new("GET", subscription, Read, "Shows a subscription").answers::<Subscription>().tagged(),
        Operation::new("POST", "/v1/subscriptions/{subscription}/cancel", Manage, "Cancels a subscription")
            .may_take::<Cancel>()
            .answers::<Subscription>()
            .tagged()
            .may_match(),
        Operation::new("PUT", "/v1/subscriptions/{subscription}/spend-cap", Manage, "Bounds what overage may cost")
            .takes::<SpendCap>()
            .answers::<Subscription>(),
    ];
    all.extend(suspension::<App>(app, ["Suspends an app", "Resumes an app"]));
    all.extend(suspension::<KeyEntry>(key, ["Suspends a key", "Resumes a key"]));
    all.extend(suspension::<Subscription>(subscription, ["Suspends a subscription", "Resumes a subscription"]));
    all
}

fn executions() -> Vec<Operation> {
    vec![
        Operation::new("GET", "/v1/executions", Read, "Searches executions, the newest first")
            .query::<ExecutionQuery>()
            .answers::<Page<Execution>>()
            .refuses(&[Code::NotFound, Code::Unprocessable]),
        Operation::new("GET", "/v1/executions/{arn}", Read, "Shows an execution").answers::<ExecutionDetail>(),
        Operation::new("GET", "/v1/executions/{arn}/history", Read, "What an execution went through, event by event")
            .query::<HistoryQuery>()
            .answers::<Page<HistoryEvent>>()
            .refuses(&[Code::Unprocessable]),
        Operation::new("POST", "/v1/executions/{arn}/stop", Manage, "Stops an execution")
            .may_take::<StopExecution>()
            .answers::<ExecutionDetail>()
            .refuses(&[Code::Conflict, Code::Unprocessable]),
        Operation::new(
            "POST",
            "/v1/executions/{arn}/redrive",
            Manage,
            "Begins an execution again that did not succeed",
        )
        .answers::<ExecutionDetail>()
        .refuses(&[Code::Conflict, Code::Unprocessable]),
        Operation::new("POST", "/v1/executions/redrive", Manage, "Begins executions again that did not succeed")
            .may_take::<RedriveExecutions>()
            .answers::<Redriven>()
            .refuses(&[Code::NotFound, Code::Unprocessable]),
        Operation::new("GET", "/v1/schedules", Read, "Lists schedules by name")
            .query::<SchedulesQuery>()
            .answers::<Page<Schedule>>()
            .refuses(&[Code::NotFound, Code::Unprocessable]),
        Operation::new("GET", "/v1/schedules/{schedule}", Read, "Shows a schedule")
            .query::<ScheduleQuery>()
            .answers::<Schedule>()
            .tagged()
            .refuses(&[Code::Unprocessable]),
        Operation::new("PUT", "/v1/schedules/{schedule}", Manage, "Makes a schedule, or changes it")
            .takes::<NewSchedule>()
            .makes_or_finds::<Schedule>()
            .may_match()
            .refuses(&[Code::NotFound, Code::Unprocessable]),
        Operation::new("DELETE", "/v1/schedules/{schedule}", Manage, "Takes a schedule away")
            .query::<ScheduleQuery>()
            .answers::<Schedule>()
            .refuses(&[Code::Unprocessable]),
    ]
}

fn reports() -> Vec<Operation> {
    vec![
        Operation::new("GET", "/v1/usage", Read, "What a subscription used")
            .query::<UsageQuery>()
            .answers::<Usage>()
            .refuses(&[Code::NotFound]),
        Operation::new("GET", "/v1/calls", Read, "Lists calls, the newest first")
            .query::<CallQuery>()
            .answers::<Page<Call>>()
            .refuses(&[Code::NotFound]),
        Operation::new("GET", "/v1/calls/{call}", Read, "Shows a call").answers::<Call>(),
        Operation::new("GET", "/v1/calls/{call}/logs", Read, "What the component wrote during a call")
            .answers::<CallLogs>(),
        Operation::new(
            "GET",
            "/v1/calls/{call}/trace",
            Read,
            "What the states of a workflow went through during a call",
        )
        .answers::<CallTrace>(),
        Operation::new("GET", "/v1/apis/{slug}/traces", Read, "Lists the runs that were kept, the newest first")
            .query::<ListQuery<i64>>()
            .answers::<Page<Run>>(),
        Operation::new("GET", "/v1/audit", Read, "Lists management acts, the newest first")
            .query::<AuditQuery>()
            .answers::<Page<Act>>(),
        Operation::new("GET", "/v1/audit/verify", Read, "Walks the audit chain").answers::<Verification>(),
        Operation::new("GET", "/v1/reconcile", Read, "Checks that the books agree").answers::<Reconciliation>(),
        Operation::new("GET", "/v1/host", Read, "What recording calls costs").answers::<Host>(),
    ]
}
