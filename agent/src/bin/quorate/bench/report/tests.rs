use super::*;
use crate::bench::load::{Spent, histogram};

/// A thousand requests in a second, of 1 to 1,000 us, on three nodes that took 100, 50 and 50 ms for it.
pub(in crate::bench) fn measured(system: System, batch: u64, clients: usize) -> Measured {
    let mut latencies_ns = histogram();
    for request in 1..=1000_u64 {
        latencies_ns.record(request * 1000).expect("within the bounds");
    }
    let spent = |ms| Spent { processor: Duration::from_millis(ms), ..Spent::default() };
    Measured {
        point: Point { system, load: Load { size: 64, batch, clients, connections_max: 4 } },
        leader: 0,
        loaded: Loaded {
            requests: 1000,
            elapsed: Duration::from_secs(1),
            latencies_ns,
            nodes: [spent(100), spent(50), spent(50)],
            generator: spent(10),
            processors_busy: 0.3,
            disk_waits: 0.5,
            loopback_bytes: 0,
            written_bytes: Some(4_096_000),
        },
        syncs: [100, 90, 110],
        acknowledged: 1500 * batch,
        shares: Shares::default(),
        limit: Limit::Waiting,
    }
}

#[test]
fn figures_are_for_an_entry_and_latencies_for_a_request() {
    let found = measured(System::Quorate, 4, 8);
    let close = |value: f64, expected: f64| (value - expected).abs() < expected * 1e-3;
    assert!(close(found.per_second(), 4000.0), "{}", found.per_second());
    assert!(close(found.processor_us(), 50.0) && close(found.leader_us(), 25.0));
    assert!(close(found.generator_us(), 2.5));
    assert!(close(found.written_bytes().unwrap_or_default(), 1024.0));
    assert!(close(found.syncs(), 0.05), "of everything acknowledged, the warm-up included");
    assert!(close(found.latency(0.5).as_secs_f64(), 500e-6), "{:?}", found.latency(0.5));
}

#[test]
fn only_the_same_load_is_compared() {
    let mut faster = measured(System::Quorate, 1, 8);
    faster.loaded.requests = 5000;
    let all = [
        faster,
        measured(System::Etcd, 1, 8),
        measured(System::Etcd, 1, 64),
        measured(System::Quorate, 4, 64),
    ];
    let text = comparison(&all.iter().collect::<Vec<_>>()).expect("one pair is alike").to_string();
    let rows: Vec<_> = text.lines().skip(1).collect();
    assert_eq!(rows.len(), 1, "{text}");
    assert!(
        rows[0].split_whitespace().eq(["etcd", "64", "1", "8", "5.00", "1.00", "1.00", "0.200", "0.200"]),
        "{text}"
    );
    assert_eq!(comparison(&[&all[0]]), None);
}

#[test]
fn the_leaders_time_is_told_by_thread() {
    let mut found = measured(System::Quorate, 1, 8);
    found.leader = 2;
    found.loaded.nodes[2].threads.insert("quorate-disk".to_owned(), Duration::from_millis(30));
    let text = threads(&[&found, &measured(System::Etcd, 1, 8)]).to_string();
    let rows: Vec<_> = text.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(rows, [["quorate", "64", "1", "8", "0.000", "30.0", "0.000", "0.000"]], "{text}");
}

#[test]
fn of_each_point_the_middle_is_shown() {
    let with = |requests, clients| {
        let mut found = measured(System::Quorate, 1, clients);
        found.loaded.requests = requests;
        found
    };
    let rounds = vec![with(9, 64), with(50, 8), with(1, 64), with(40, 8), with(3, 64), with(60, 8)];
    let shown: Vec<_> = medians(rounds).iter().map(|found| found.loaded.requests).collect();
    assert_eq!(shown, [50, 3]);
}

#[test]
fn three_digits_are_enough() {
    let shown = [123_456.7, 12.345, 1.2345, 0.01234].map(digits);
    assert_eq!(shown, ["123457", "12.3", "1.23", "0.012"]);
}
