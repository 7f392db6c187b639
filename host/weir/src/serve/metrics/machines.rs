//! What runs by itself, and what is sent. A file that cannot be read has no rows here.

use super::{Metrics, Page, wide};

impl Metrics {
    pub(super) async fn executions(&self, text: &mut impl Page) {
        text.gauge(
            "weir_executions_live",
            "Executions of state machines in memory; those that only wait are not.",
            [(vec![], wide(self.workflows.live()))],
        );
        let counts = self.workflows.counts().await.inspect_err(|error| {
            tracing::warn!(error = error as &dyn std::error::Error, "executions could not be counted");
        });
        let Ok(counts) = counts else { return };
        let (started, ended) = (counts.started, counts.ended);
        text.counter(
            "weir_executions_started_total",
            "Executions that were started: by operations, tasks and schedules; by calls; by map runs, as children.",
            [("operation", started.operation), ("call", started.call), ("map_run", started.map_run)]
                .map(|(by, count)| (vec![("by", by)], count)),
        );
        text.counter(
            "weir_executions_ended_total",
            "Executions that have ended. One that was begun again ends once more.",
            [
                ("succeeded", ended.succeeded),
                ("failed", ended.failed),
                ("timed_out", ended.timed_out),
                ("aborted", ended.aborted),
            ]
            .map(|(status, count)| (vec![("status", status)], count)),
        );
        text.gauge("weir_executions_open", "Executions that have not ended.", [(vec![], counts.running)]);
        text.gauge(
            "weir_timers_late_seconds",
            "How long the first of what the clock moves on, executions and schedules, has been due.",
            [(vec![], counts.late.as_secs())],
        );
        text.gauge("weir_executions_untold", "Facts that others have not been told.", [(vec![], counts.outbox)]);
    }

    pub(super) async fn deliveries(&self, text: &mut impl Page) {
        let counts = self.delivery.counts().await.inspect_err(|error| {
            tracing::warn!(error = error as &dyn std::error::Error, "deliveries could not be counted");
        });
        let Ok(counts) = counts else { return };
        text.counter(
            "weir_delivery_attempts_total",
            "Attempts at webhooks and mail: accepted, to be tried again, or dead letters.",
            [("webhook", counts.webhooks), ("mail", counts.mail)].into_iter().flat_map(|(kind, outcomes)| {
                [("accepted", outcomes.accepted), ("again", outcomes.again), ("dead", outcomes.dead)]
                    .map(|(outcome, count)| (vec![("kind", kind), ("outcome", outcome)], count))
            }),
        );
        text.gauge("weir_deliveries_waiting", "Messages on their way.", [(vec![], counts.waiting)]);
        text.gauge("weir_deliveries_dead", "Dead letters that are kept.", [(vec![], counts.dead)]);
    }
}
