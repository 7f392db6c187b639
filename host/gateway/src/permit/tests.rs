use super::*;
use futures_util::FutureExt as _;

fn permits(places: u32, queue: usize) -> Permits {
    clocked(places, queue, Clock::system())
}

fn clocked(places: u32, queue: usize, clock: Clock) -> Permits {
    Permits::new(Shares { cores: 1, places, lent: 1, queue, patience: Duration::from_millis(50) }, clock)
}

fn api(number: u128) -> (ApiId, Arc<Share>) {
    let share = Arc::new(Share::default());
    share.allow(64);
    (ApiId::from_u128(number), share)
}

/// Two APIs that always wait for the one place, and whose guests hold it for so long: how often each gets it.
async fn turns_of(held: [Duration; 2]) -> [u32; 2] {
    let (clock, time) = types::ManualClock::at(types::Timestamp::from_micros(0));
    let permits = clocked(1, 8, clock);
    let apis = [api(1), api(2)];
    let mut running = Some((0, permits.take(apis[0].0, &apis[0].1).await.unwrap()));
    let mut waiting = [0, 1].map(|one| Box::pin(permits.take(apis[one].0, &apis[one].1)));
    assert!(waiting.iter_mut().all(|turn| turn.as_mut().now_or_never().is_none()));
    let mut turns = [0; 2];
    for _ in 0..1_000 {
        // Otherwise the runtime holds answers back from a task that takes so many of them.
        tokio::task::yield_now().await;
        let (who, permit) = running.take().unwrap();
        time.advance(held[who]);
        turns[who] += 1;
        drop(permit);
        for (one, turn) in waiting.iter_mut().enumerate() {
            if let Some(permit) = turn.as_mut().now_or_never() {
                running = Some((one, permit.unwrap()));
                *turn = Box::pin(permits.take(apis[one].0, &apis[one].1));
                assert!(turn.as_mut().now_or_never().is_none());
                break;
            }
        }
    }
    turns
}

#[tokio::test]
async fn places_are_shared_by_the_time_that_they_are_held() {
    let [even, odd] = turns_of([Duration::from_micros(100); 2]).await;
    assert!(even.abs_diff(odd) <= 2, "{even} and {odd}");
    let [light, heavy] = turns_of([Duration::from_micros(20), Duration::from_micros(200)]).await;
    assert!((9..=11).contains(&(light / heavy)), "{light} and {heavy}");
}

#[tokio::test]
async fn who_has_been_away_is_owed_nothing_and_owes_nothing() {
    let (clock, time) = types::ManualClock::at(types::Timestamp::from_micros(0));
    let permits = clocked(1, 8, clock);
    let ((busy, busy_share), (new, new_share)) = (api(1), api(2));
    for _ in 0..100 {
        let permit = permits.take(busy, &busy_share).await.unwrap();
        time.advance(Duration::from_millis(1));
        drop(permit);
    }
    let first = permits.take(busy, &busy_share).await.unwrap();
    let mut order = Vec::new();
    let mut waiting: Vec<_> = [(busy, &busy_share), (new, &new_share)]
        .into_iter()
        .flat_map(|(api, share)| [(); 3].map(|()| (api, Box::pin(permits.take(api, share)))))
        .collect();
    assert!(waiting.iter_mut().all(|(_, turn)| turn.as_mut().now_or_never().is_none()));
    let mut running = Some(first);
    while !waiting.is_empty() {
        time.advance(Duration::from_millis(1));
        drop(running.take());
        let served =
            waiting.iter_mut().enumerate().find_map(|(at, (_, turn))| Some((at, turn.as_mut().now_or_never()?)));
        let (at, permit) = served.unwrap();
        running = Some(permit.unwrap());
        order.push(waiting.remove(at).0);
    }
    assert_eq!(order.iter().filter(|api| **api == busy).count(), 3);
    assert!(order[..4].contains(&busy), "it waits for no hundred turns: {order:?}");
}

/// A machine of one core on which the guests of two APIs have worked for so long each, in turn, until a moment ago.
async fn worked(each: [Duration; 2]) -> (Permits, [(ApiId, Arc<Share>); 2], Arc<types::ManualClock>) {
    let (clock, time) = types::ManualClock::at(types::Timestamp::from_micros(0));
    let permits = clocked(8, 8, clock);
    let apis = [api(1), api(2)];
    for _ in 0..100 {
        for ((api, share), work) in apis.iter().zip(each) {
            if !work.is_zero() {
                let mut permit = permits.take(*api, share).await.unwrap();
                time.advance(work);
                permit.has_worked(work);
            }
        }
        time.advance(Duration::from_millis(1));
    }
    (permits, apis, time)
}

/// Whether the next guest of each gives way, when `rest` has passed, but for the first.
async fn who_gives_way(each: [Duration; 2], rest: Duration) -> [bool; 2] {
    let (permits, apis, time) = worked(each).await;
    time.advance(rest);
    let mut give_way = [false; 2];
    for ((api, share), gives_way) in apis.iter().zip(&mut give_way) {
        drop(permits.take(*api, share).await.unwrap());
        *gives_way = permits.take(*api, share).await.unwrap().priority() == Priority::Lowest;
    }
    give_way
}

#[tokio::test]
async fn who_has_had_more_than_its_part_of_a_scarce_time_gives_way() {
    let [short, long] = [Duration::from_micros(100), Duration::from_micros(700)];
    assert_eq!(who_gives_way([short, long], Duration::ZERO).await, [false, true]);
    assert_eq!(who_gives_way([long, long], Duration::ZERO).await, [false, false], "each has had its part");
    assert_eq!(who_gives_way([Duration::ZERO, long], Duration::ZERO).await, [false, false], "there is no other");
    let next_to_nothing = Duration::from_micros(5);
    assert_eq!(who_gives_way([next_to_nothing, long], Duration::ZERO).await, [false, false], "nobody wants it");
    let [shorter, short] = [Duration::from_micros(20), Duration::from_micros(80)];
    assert_eq!(who_gives_way([shorter, short], Duration::ZERO).await, [false, false], "there is time to spare");
}

#[tokio::test]
async fn what_was_used_is_forgotten_after_a_window() {
    let [short, long] = [Duration::from_micros(100), Duration::from_micros(700)];
    assert_eq!(who_gives_way([short, long], Duration::from_millis(40)).await, [false, false]);
}

#[tokio::test]
async fn who_gives_way_holds_no_place_and_only_as_many_do_as_may() {
    // 180 ms: a window has just begun.
    let (permits, [_, (api, share)], _) = worked([Duration::from_micros(100), Duration::from_micros(700)]).await;
    let first = permits.take(api, &share).await.unwrap();
    assert_eq!(first.priority(), Priority::Usual, "one is seen at work in each window");
    let [second, third] = [permits.take(api, &share).await.unwrap(), permits.take(api, &share).await.unwrap()];
    assert_eq!([second.priority(), third.priority()], [Priority::Lowest, Priority::Usual]);
    assert_eq!((permits.0.taken.load(SeqCst), permits.load().0), (2, 3));
    drop((first, second, third));
    assert_eq!(permits.load(), (0, 0));
}

#[tokio::test]
async fn a_hot_api_waits_behind_itself() {
    let permits = permits(1, 8);
    let ((hot, hot_share), (other, other_share)) = (api(1), api(2));
    let first = permits.take(hot, &hot_share).await.unwrap();
    let mut waiting = Vec::new();
    for (name, api, share) in [
        ("hot 1", hot, &hot_share),
        ("hot 2", hot, &hot_share),
        ("hot 3", hot, &hot_share),
        ("other", other, &other_share),
    ] {
        let mut turn = Box::pin(permits.take(api, share));
        assert!(turn.as_mut().now_or_never().is_none());
        waiting.push((name, turn));
    }
    drop(first);
    let mut order = Vec::new();
    while !waiting.is_empty() {
        let served = waiting.iter_mut().position(|(_, turn)| turn.as_mut().now_or_never().is_some()).unwrap();
        order.push(waiting.remove(served).0);
    }
    assert_eq!(order, ["other", "hot 1", "hot 2", "hot 3"]);
    assert_eq!(permits.load(), (0, 0));
}

#[tokio::test]
async fn an_api_gets_no_more_than_its_release_allows() {
    let permits = permits(8, 0);
    let (id, share) = api(1);
    share.allow(2);
    let held = (permits.take(id, &share).await.unwrap(), permits.take(id, &share).await.unwrap());
    assert_eq!(permits.take(id, &share).await.unwrap_err(), PermitError::QueueFull);
    let (other, other_share) = api(2);
    drop(permits.take(other, &other_share).await.unwrap());
    drop(held);
    assert_eq!(permits.load(), (0, 0));
}

#[tokio::test]
async fn patience_ends_and_leaves_nothing_behind() {
    let permits = permits(1, 1);
    let (id, share) = api(1);
    let held = permits.take(id, &share).await.unwrap();
    assert_eq!(permits.take(id, &share).await.unwrap_err(), PermitError::TooLate);
    // Who gave up makes room for the next.
    let mut next = Box::pin(permits.take(id, &share));
    assert!(next.as_mut().now_or_never().is_none());
    drop(held);
    drop(next.await.unwrap());
    assert_eq!(permits.load(), (0, 0));
}

#[tokio::test]
async fn a_long_guest_lends_its_place_once_and_only_as_many_may() {
    let permits = permits(1, 1);
    let (id, share) = api(1);
    let mut long = permits.take(id, &share).await.unwrap();
    long.lend();
    long.lend();
    let mut second = permits.take(id, &share).await.unwrap();
    second.lend();
    assert_eq!(permits.take(id, &share).await.unwrap_err(), PermitError::TooLate);
    assert_eq!(permits.load().0, 2);
    drop((long, second));
    assert_eq!(permits.load(), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn places_are_never_lost_or_doubled_under_a_crowd() {
    let permits = permits(3, 64);
    let running = Arc::new(AtomicU32::new(0));
    let crowd: tokio_util::task::TaskTracker = tokio_util::task::TaskTracker::new();
    for number in 0..600_u128 {
        let (permits, running) = (permits.clone(), Arc::clone(&running));
        let (id, share) = api(number % 7);
        crowd.spawn(async move {
            if let Ok(permit) = permits.take(id, &share).await {
                assert!(running.fetch_add(1, SeqCst) < 3);
                tokio::task::yield_now().await;
                running.fetch_sub(1, SeqCst);
                drop(permit);
            }
        });
    }
    crowd.close();
    crowd.wait().await;
    assert_eq!(permits.load(), (0, 0));
}
