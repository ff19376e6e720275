use std::sync::{Arc, Mutex};

use raft_core::Term;
use transport::ClusterId;

use super::*;

fn observer() -> (Observer, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = told.clone();
    let observer =
        Observer::new(move |event| sink.lock().expect("nobody panics with it").push(event.to_string()));
    (observer, told)
}

fn count(told: &Arc<Mutex<Vec<String>>>) -> usize {
    told.lock().expect("nobody panics with it").len()
}

#[test]
fn an_absent_peer_is_told_of_once_until_it_comes_back() {
    let (mut observer, told) = observer();
    let address = "127.0.0.1:1".parse().expect("an address");
    let peer = NodeId::of(2);
    let error =
        transport::HandshakeError::OtherCluster { listener: ClusterId::new(1), dialler: ClusterId::new(2) };
    let absent = || LinkEvent::Refused { peer: Some(peer), address, error };
    for _ in 0..100 {
        observer.link(absent());
    }
    assert_eq!(count(&told), 1);
    observer.link(LinkEvent::Connected { peer });
    observer.link(absent());
    assert_eq!(count(&told), 3);
}

#[test]
fn what_strangers_and_bad_peers_may_repeat_is_told_ever_more_rarely() {
    let (mut observer, told) = observer();
    let address = "127.0.0.1:1".parse().expect("an address");
    let error = transport::HandshakeError::Crowded { handshakes_max: 1 };
    for _ in 0..500 {
        observer.link(LinkEvent::Refused { peer: None, address, error });
        let error = PeerError::TermTooFar { term: Term::new(9), own: Term::new(1) };
        observer.tell(&NodeEvent::PeerMisbehaved { peer: NodeId::of(2), error });
    }
    assert_eq!(count(&told), 10, "1, 2, 4, … 512 of 1,000");
    observer.tell(&NodeEvent::Leads { term: 1 });
    assert_eq!(count(&told), 11, "facts about the node itself are always told");
}
