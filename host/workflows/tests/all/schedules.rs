//! Executions that the clock starts.

use std::time::Duration;

use schedules::{NewSchedule, Schedule, ScheduleError};
use serde_json::{Value, json};
use types::{ManualClock, Timestamp};
use workflows::Owner;

use crate::house::{ACCOUNT, ACTOR, House, task};

const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

fn owner(house: &House) -> Owner {
    Owner { organisation: house.caller.organisation, account: ACCOUNT.to_owned() }
}

fn every_minute(machine: &str) -> NewSchedule {
    NewSchedule {
        name: "report".to_owned(),
        machine: machine.to_owned(),
        input: r#"{"at": "<aws.scheduler.scheduled-time>"}"#.to_owned(),
        expression: "rate(1 minute)".to_owned(),
        zone: "UTC".to_owned(),
        is_enabled: true,
    }
}

/// The schedule once `is_so` holds of it.
async fn until(house: &House, is_so: impl Fn(&Schedule) -> bool) -> Schedule {
    for _ in 0..800 {
        let schedule = house.workflows.schedule(house.caller.organisation, "report".to_owned()).await.unwrap().unwrap();
        if is_so(&schedule) {
            return schedule;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the schedule does not come so far");
}

async fn executions(house: &House, machine: &str) -> Vec<Value> {
    let listed = house.call("ListExecutions", json!({ "stateMachineArn": machine })).await;
    listed["executions"].as_array().unwrap().clone()
}

fn pass() -> Value {
    json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } })
}

#[tokio::test]
async fn a_turn_that_nobody_takes_is_late() {
    let (clock, time) = ManualClock::at(START);
    let house = House::with(clock);
    let machine = house.machine("machine", &pass()).await;
    house.workflows.put_schedule(ACTOR.to_owned(), &owner(&house), every_minute(&machine), None).await.unwrap();
    house.workflows.stop();
    assert_eq!(house.workflows.counts().await.unwrap().late, Duration::ZERO);
    time.advance(Duration::from_secs(90));
    assert_eq!(house.workflows.counts().await.unwrap().late, Duration::from_secs(30));
}

#[tokio::test]
async fn each_turn_starts_one_execution_that_knows_when_it_was_due() {
    let (clock, hands) = ManualClock::at(START);
    let house = House::with(clock);
    let machine = house.machine("reports", &pass()).await;
    let (schedule, is_new) =
        house.workflows.put_schedule(ACTOR.to_owned(), &owner(&house), every_minute(&machine), None).await.unwrap();
    assert_eq!((is_new, schedule.next), (true, Some(START.after(Duration::from_mins(1)))));
    hands.advance(Duration::from_secs(61));
    let first = until(&house, |schedule| schedule.last.is_some()).await;
    assert_eq!((first.last, first.next), (schedule.next, Some(START.after(Duration::from_mins(2)))));
    let execution = house.ended(first.last_execution.as_deref().unwrap()).await;
    let output: Value = serde_json::from_str(execution["output"].as_str().unwrap()).unwrap();
    assert_eq!(output, json!({ "at": schedule.next.unwrap().to_string() }));
    hands.advance(Duration::from_mins(1));
    until(&house, |schedule| schedule.last != first.last).await;
    assert_eq!(executions(&house, &machine).await.len(), 2);
}

#[tokio::test]
async fn turns_that_were_missed_are_made_up_for_once() {
    let (clock, hands) = ManualClock::at(START);
    let house = House::with(clock);
    let machine = house.machine("reports", &pass()).await;
    house.workflows.put_schedule(ACTOR.to_owned(), &owner(&house), every_minute(&machine), None).await.unwrap();
    hands.advance(Duration::from_secs(3_630));
    let late = until(&house, |schedule| schedule.last.is_some()).await;
    assert_eq!(
        (late.last, late.next),
        (Some(START.after(Duration::from_mins(1))), Some(START.after(Duration::from_mins(61))))
    );
    let house = house.reopened().await;
    until(&house, |schedule| schedule.next == late.next).await;
    assert_eq!(executions(&house, &machine).await.len(), 1);
}

#[tokio::test]
async fn a_schedule_is_changed_switched_off_and_taken_away() {
    let (clock, hands) = ManualClock::at(START);
    let house = House::with(clock);
    let machine = house.machine("reports", &pass()).await;
    let put =
        async |new: NewSchedule, seen| house.workflows.put_schedule(ACTOR.to_owned(), &owner(&house), new, seen).await;
    put(every_minute(&machine), None).await.unwrap();
    assert_eq!(put(every_minute(&machine), None).await.unwrap().0.revision, 1, "the same again changes nothing");
    let off = NewSchedule { is_enabled: false, ..every_minute(&machine) };
    let (changed, is_new) = put(off, Some(vec![1])).await.unwrap();
    assert_eq!((changed.revision, changed.next, is_new), (2, None, false));
    assert!(matches!(put(every_minute(&machine), Some(vec![1])).await, Err(ScheduleError::Changed)));
    hands.advance(Duration::from_mins(5));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(executions(&house, &machine).await, Vec::<Value>::new());
    let organisation = house.caller.organisation;
    assert_eq!(house.workflows.schedules(organisation, String::new(), 10).await.unwrap().len(), 1);
    assert!(house.workflows.delete_schedule(ACTOR.to_owned(), organisation, "report".to_owned()).await.unwrap());
    assert!(!house.workflows.delete_schedule(ACTOR.to_owned(), organisation, "report".to_owned()).await.unwrap());
}

#[tokio::test]
async fn what_cannot_be_started_is_said_on_the_schedule_and_a_wrong_one_is_refused() {
    let (clock, hands) = ManualClock::at(START);
    let house = House::with(clock);
    let gone = format!("arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:gone");
    house.workflows.put_schedule(ACTOR.to_owned(), &owner(&house), every_minute(&gone), None).await.unwrap();
    hands.advance(Duration::from_secs(61));
    let failed = until(&house, |schedule| schedule.last_error.is_some()).await;
    assert!(failed.last_error.unwrap().contains("StateMachineDoesNotExist") && failed.next.is_some());
    let machine = house.machine("reports", &task("x")).await;
    let right = every_minute(&machine);
    for (wrong, member) in [
        (NewSchedule { name: "no name".to_owned(), ..right.clone() }, "name"),
        (NewSchedule { machine: machine.replace(ACCOUNT, "999999999999"), ..right.clone() }, "machine"),
        (NewSchedule { input: "{".to_owned(), ..right.clone() }, "input"),
        (NewSchedule { expression: "often".to_owned(), ..right.clone() }, "expression"),
        (NewSchedule { expression: "at(2020-01-01T00:00:00)".to_owned(), ..right.clone() }, "expression"),
        (NewSchedule { zone: "Mars/Olympus".to_owned(), ..right.clone() }, "expression"),
    ] {
        match house.workflows.put_schedule(ACTOR.to_owned(), &owner(&house), wrong, None).await {
            Err(ScheduleError::Invalid { member: told, .. }) => assert_eq!(told, member),
            other => panic!("{member}: {other:?}"),
        }
    }
}
