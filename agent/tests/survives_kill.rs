//! What was acknowledged survives kill -9 of every process at once.

mod common;

use common::{Processes, lines_of, wait_for};

#[test]
fn acknowledged_lines_survive_the_death_of_all_nodes() {
    let mut processes = Processes::start(3);
    let mut expected = Vec::new();
    for round in 0..3 {
        let lines: Vec<_> = (0..500).map(|line| format!("round {round}, line {line}")).collect();
        let output = processes.append(&lines.join("\n"));
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "500 lines acknowledged\n");
        expected.extend(lines);
        for node in 0..3 {
            processes.kill(node);
        }
        for node in 0..3 {
            processes.spawn(node);
        }
        let leader = processes.leader();
        wait_for("node that has everything", || {
            let counts: Vec<_> = processes.statuses().iter().map(|status| status.summary.count).collect();
            (counts == [expected.len() as u64; 3]).then_some(())
        });
        for node in 0..3 {
            assert_eq!(
                lines_of(processes.clients[node]),
                expected,
                "node {node}, round {round}, {leader} leads"
            );
        }
    }
    let sums: Vec<_> = processes.statuses().iter().map(|status| status.summary).collect();
    assert!(sums.windows(2).all(|pair| pair[0] == pair[1]), "{sums:?}");
}
