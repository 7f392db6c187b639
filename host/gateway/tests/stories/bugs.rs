//! Bugs of the host's own: one call's failure, and nothing more. A clock that panics when it is read stands for them.

use gateway::Settings;
use tests::Component;
use types::{Clock, ManualClock};

use crate::host::{Host, Offer};

fn clock() -> (Clock, std::sync::Arc<ManualClock>) {
    ManualClock::at(Clock::system().now())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_step_of_the_host_is_one_calls_500_and_leaves_its_row() {
    let (clock, manual) = clock();
    let host = Host::with_sandbox_clock(Settings::for_cores(2), clock).await;
    let shop = host.open("echo", &Component::echo().unwrap(), Offer::hard(2)).await;
    // Read when Invoke prepares the guest.
    manual.break_moment();
    let failed = host.post("/echo/x", &shop.key, "1").await;
    assert_eq!(failed.problem(), (500, "internal".to_owned()));
    assert!(!failed.body.contains("clock"), "what broke is the operator's to know: {}", failed.body);
    let row = host.row();
    assert_eq!((row.status, row.outcome.as_str(), row.billed), (500, "host_error", 0));
    assert_eq!((row.call.as_str(), row.error_code.as_deref()), (failed.header("x-request-id"), Some("internal")));
    for _ in 0..2 {
        assert_eq!(host.post("/echo/x", &shop.key, "on").await.body, "on", "both units are there");
    }
    assert_eq!((host.gateway.load().guests, host.gateway.load().calls), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_function_that_a_guest_calls_is_one_calls_500_and_leaves_its_row() {
    let (clock, manual) = clock();
    let host = Host::with_sandbox_clock(Settings::for_cores(2), clock).await;
    let shop = host.open("talks", &Component::logging().unwrap(), Offer::hard(2)).await;
    // Read when a line of the guest's log ends.
    manual.break_now();
    assert_eq!(host.post("/talks/x", &shop.key, "1").await.problem(), (500, "internal".to_owned()));
    let row = host.row();
    assert_eq!((row.status, row.outcome.as_str(), row.billed), (500, "host_error", 0));
    for _ in 0..2 {
        assert_eq!(host.post("/talks/x", &shop.key, "on").await.body, "on", "both units are there");
    }
    assert_eq!((host.gateway.load().guests, host.gateway.load().calls), (0, 0));
}
