use super::*;

const LOAD: Load = Load { size: 64, batch: 1, clients: 10, connections_max: 4 };

#[test]
fn clients_are_spread_evenly_and_none_is_lost() {
    assert!(LOAD.clients_of_connections().eq([3, 3, 2, 2]));
    assert!(
        Load { clients: 2, ..LOAD }.clients_of_connections().eq([1, 1]),
        "no connection without a client"
    );
}

#[test]
fn what_is_compared_is_measured_one_after_the_other() {
    let tick = Duration::from_millis(10);
    let sweep = Sweep {
        clients: vec![1, 8],
        sizes: vec![64, 128],
        batches: vec![1, 16],
        connections_max: 4,
        tick: Some(tick),
        etcd: true,
    };
    let points = sweep.points();
    let names: Vec<_> = points.iter().map(|point| (point.load.clients, point.system)).take(6).collect();
    let (ours, ticking, etcd) = (System::Quorate, System::FixedTick(tick), System::Etcd);
    assert_eq!(names, [(1, ours), (1, ticking), (1, etcd), (8, ours), (8, ticking), (8, etcd)]);
    let count = |system| points.iter().filter(|point| point.system == system).count();
    // Two sizes and two batches; etcd has no batches; the tick comes with the first size and batch.
    assert_eq!((count(ours), count(etcd), count(ticking)), (8, 4, 2));
    let lonely = Sweep { etcd: false, tick: None, ..sweep };
    assert!(lonely.points().iter().all(|point| point.system == ours));
}
