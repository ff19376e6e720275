use super::*;

#[test]
fn the_fields_of_proc_are_read() {
    assert_eq!(parse_schedstat("12 34 5\n"), Some(Time { running_ns: 12, waiting_ns: 34, runs: 5 }));
    assert_eq!(parse_schedstat("12 34"), None);
    assert_eq!(parse_device("  1 2 3 4   50 60 7 8 0 0 0\n"), Some(7 * 512));
    assert_eq!(parse_device("1 2 3 4 5 6"), None);
    let devices = "Inter-|   Receive\n face |bytes    packets\n    lo: 271350  1234 0\n  eth0: 5 6\n";
    assert_eq!(parse_field(devices, "lo:"), Some(271_350));
    assert_eq!(parse_state("17 (a) b) D 1 17"), Some('D'));
    let stat = "cpu  10 1 20 60 9 0 3 2 4 0\ncpu0 1 2 3\n";
    assert_eq!(parse_stat(stat), Some(Processors { count: 1, busy: 36, all: 105 }));
}

#[test]
fn shares_are_of_the_time_between_two_looks() {
    let (before, after) =
        (Processors { count: 1, busy: 10, all: 100 }, Processors { count: 1, busy: 60, all: 200 });
    assert!((after.busy_since(before) - 0.5).abs() < 1e-9);
    assert!(before.busy_since(before).abs() < 1e-9, "no time, no share");
}

#[test]
fn a_threads_time_begins_at_the_first_look() {
    let thread = |name: &str, running_ns, waiting_ns| Thread {
        name: name.to_owned(),
        time: Time { running_ns, waiting_ns, runs: 1 },
    };
    let before = Usage { threads: BTreeMap::from([(1, thread("main", 5, 5))]) };
    let after = Usage {
        threads: BTreeMap::from([
            (1, thread("main", 6, 5)),
            (2, thread("load-0", 10, 0)),
            (3, thread("load-1", 7, 9)),
        ]),
    };
    assert_eq!(after.time_since(&before), Time { running_ns: 18, waiting_ns: 9, runs: 2 });
    assert_eq!(after.longest_since(&before, "load-"), Some(Time { running_ns: 7, waiting_ns: 9, runs: 1 }));
    assert_eq!(after.longest_since(&before, "other"), None);
    let again = Usage {
        threads: BTreeMap::from([(7, thread("a", 2, 0)), (8, thread("b", 4, 0)), (9, thread("a", 3, 1))]),
    };
    let named = again.running_by_name_since(&Usage::default());
    assert!(
        named
            .into_iter()
            .eq([("a".to_owned(), Duration::from_nanos(5)), ("b".to_owned(), Duration::from_nanos(4))])
    );
}

#[test]
fn this_process_can_be_looked_at() {
    let before = Usage::own().expect("Linux counts");
    // Work that a compiler does not see through, until the counters show it.
    let mut work = 0_u64;
    for round in 0..200_000_000_u64 {
        work = work.wrapping_mul(31).wrapping_add(std::hint::black_box(round));
        if round % 1_000_000 == 0 {
            let now = Usage::own().expect("Linux counts");
            if now.time_since(&before).running_ns > 0 {
                return;
            }
        }
    }
    panic!("no processor time was counted for {work}");
}
