//! Jobs that services of AWS do for tasks: started, asked after, stopped. Starts alone are in the books; the rest is the host's
//! own.

use std::sync::Arc;

use aws::{ServiceFault, ServiceJob, Standing as Stands, Started};
use express::TaskFailed;
use types::{OrganisationId, TaskUse};
use workflows::{Job, Standing, Submitted};

use super::settled;
use crate::functions::failed;
use crate::premises::Premises;

/// Starts one. What is given up meanwhile is not broken off: it has a moment to say that there is a job, which can then be
/// stopped.
pub(super) async fn start(premises: &Premises, job: &Job, used: &mut TaskUse) -> Result<Started, TaskFailed> {
    let service = find(premises, job.owner.organisation, &job.task.resource)?;
    // The same when a crash lets it be repeated, and another one for each try by Retry.
    let attempt = format!("{}#{}", job.invocation_id, job.task.attempt);
    let started = Box::pin(service.start(&job.task.input, &job.invocation_id, &attempt)).await;
    settled(Some(started.map_err(as_task)), &service.end(), used)
}

/// Asks where one stands.
pub(super) async fn ask(premises: &Premises, job: &Submitted) -> Standing {
    let service = match find(premises, job.owner.organisation, &job.resource) {
        Ok(service) => service,
        // The operator may have set it up anew without this service: he has some minutes to notice.
        Err(failed) => return Standing::Unheard(failed),
    };
    match Box::pin(service.ask(&job.handle, &job.invocation_id)).await {
        Stands::Runs => Standing::Runs,
        Stands::Ended(ended) => Standing::Ended(ended.map(Arc::new).map_err(as_task)),
        Stands::Unheard(fault) => Standing::Unheard(as_task(fault)),
        Stands::Lost(fault) => Standing::Lost(as_task(fault)),
    }
}

/// Stops one.
pub(super) async fn stop(premises: &Premises, job: &Submitted) -> Result<(), TaskFailed> {
    let service = find(premises, job.owner.organisation, &job.resource)?;
    Box::pin(service.stop(&job.handle, &job.invocation_id)).await.map_err(as_task)
}

fn find<'p>(
    premises: &'p Premises,
    organisation: OrganisationId,
    resource: &'p str,
) -> Result<ServiceJob<'p>, TaskFailed> {
    let named = premises.house.catalog.snapshot().organisation(organisation).map(|found| found.name.clone());
    let aws = premises.house.aws.as_ref();
    let job = aws.zip(named).and_then(|(aws, named)| aws.job((organisation, &named), resource));
    job.ok_or_else(|| {
        let jobs: Vec<String> = aws::jobs().collect();
        let cause = format!(
            "this host does not wait for {resource}. It waits for {}, where its operator has set up the service and allows \
             it to the organisation",
            jobs.join(", ")
        );
        failed("Weir.UnsupportedResource", cause)
    })
}

fn as_task(fault: ServiceFault) -> TaskFailed {
    failed(fault.error, fault.cause)
}
