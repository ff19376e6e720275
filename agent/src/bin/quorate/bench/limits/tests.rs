use super::*;

const IDLE: Shares = Shares {
    leader: 0.1,
    followers: 0.1,
    generator: 0.1,
    others: 0.05,
    leader_loop: Some(0.2),
    disk: 0.5,
    generator_thread: 0.1,
    network: 0.1,
};

#[test]
fn each_share_that_is_full_is_named() {
    let limits = [
        (Shares { leader: 0.75, ..IDLE }, Limit::Processors),
        (Shares { others: 0.65, ..IDLE }, Limit::OtherPrograms),
        (Shares { leader_loop: Some(0.95), ..IDLE }, Limit::LeaderLoop),
        (Shares { disk: 0.8, ..IDLE }, Limit::Disk),
        (Shares { generator_thread: 0.95, ..IDLE }, Limit::Generator),
        (Shares { network: 0.75, ..IDLE }, Limit::Network),
        (Shares { leader_loop: None, ..IDLE }, Limit::Waiting),
    ];
    for (shares, limit) in limits {
        assert_eq!(shares.limit(System::Quorate), limit, "{shares:?}");
    }
}

#[test]
fn a_tick_is_to_blame_only_when_nothing_is_full() {
    let tick = System::FixedTick(Duration::from_millis(10));
    assert_eq!(IDLE.limit(tick), Limit::Tick);
    assert_eq!(Shares { disk: 0.8, ..IDLE }.limit(tick), Limit::Disk);
}

#[test]
fn without_processors_every_thread_seems_full() {
    let starved = Shares { leader: 0.7, leader_loop: Some(1.0), disk: 1.0, generator_thread: 1.0, ..IDLE };
    assert_eq!(starved.limit(System::Etcd), Limit::Processors);
}
