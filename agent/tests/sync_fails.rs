//! Syncs that fail in real processes: strace has the kernel answer them with EIO.

mod common;

use std::process::{Command, Stdio};

use common::{Processes, skip};

/// Each node fails another sync, so that they do not all stop at once.
const FAILS_AT: [u32; 3] = [30, 60, 90];

#[test]
fn a_node_whose_sync_fails_stops_and_nothing_acknowledged_is_lost() {
    let strace = |inject: &str| ["strace", "-f", "-qq", "-o", "/dev/null", "-e", inject].map(str::to_owned);
    let mut tried = Command::new("strace");
    tried.args(&strace("inject=fdatasync:error=EIO:when=1")[1..]).arg("true").stderr(Stdio::null());
    if !tried.status().is_ok_and(|status| status.success()) {
        return skip("syncs that fail in real processes", "strace is not here, or may not trace");
    }
    let mut processes = Processes::prepare(3);
    for (node, at) in FAILS_AT.iter().enumerate() {
        let strace = strace(&format!("inject=fdatasync:error=EIO:when={at}+"));
        processes.spawn_under(&strace.each_ref().map(String::as_str), node);
    }
    let (mut expected, mut failed) = (Vec::new(), 0);
    for round in 0..100 {
        let lines: Vec<_> = (0..20).map(|line| format!("round {round}, line {line}")).collect();
        let output = processes.append(&lines.join("\n"));
        assert!(output.status.success(), "{output:?}");
        expected.extend(lines);
        for node in 0..3 {
            if let Some(code) = processes.ended(node) {
                assert_eq!(code, Some(1), "{}", processes.log(node));
                let said = processes.log(node);
                assert!(said.contains("Input/output error") && said.contains("sync"), "{said}");
                failed += 1;
                processes.spawn(node);
            }
        }
        if failed == 3 {
            break;
        }
    }
    assert_eq!(failed, 3, "each node's sync fails once");
    processes.assert_all_have(&expected);
}
