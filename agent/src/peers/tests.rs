use super::*;

fn refused(text: &str) -> String {
    text.parse::<Peers>().expect_err("it is not a list of nodes").to_string()
}

#[test]
fn a_list_is_read_and_written_the_same() {
    let text = "1=127.0.0.1:7101,2=127.0.0.1:7102,30=[::1]:7103";
    let peers: Peers = text.parse().expect("the list is right");
    assert_eq!(peers.to_string(), text);
    assert_eq!(peers.len(), 3);
    assert_eq!(peers.get(NodeId::of(2)), Some("127.0.0.1:7102".parse().expect("an address")));
    assert_eq!(peers.get(NodeId::of(4)), None);
    let spaced: Peers =
        " 30=[::1]:7103 , 1=127.0.0.1:7101, 2 = 127.0.0.1:7102".parse().expect("spaces are fine");
    assert_eq!(spaced, peers);
}

#[test]
fn each_mistake_is_named_with_what_to_do() {
    for (text, says) in [
        ("", "no node is named; write 1=HOST:PORT"),
        ("127.0.0.1:1", "names no node id; write ID=HOST:PORT"),
        ("1=127.0.0.1:1,", "\"\" names no node id"),
        ("0=127.0.0.1:1", "\"0\" is not a node id"),
        ("x=127.0.0.1:1", "\"x\" is not a node id"),
        ("18446744073709551616=127.0.0.1:1", "is not a node id"),
        ("1=127.0.0.1", "it has no port"),
        ("1=127.0.0.1:65536", "\"65536\" is not a port"),
        ("1=:80", "host is missing"),
        ("1=127.0.0.1:1,1=127.0.0.1:2", "n1 is named twice"),
        ("1=127.0.0.1:1,2=127.0.0.1:1", "n1 and n2 both have the address 127.0.0.1:1"),
    ] {
        let error = refused(text);
        assert!(error.contains(says), "{text:?} gave {error:?}, which lacks {says:?}");
    }
}

#[test]
fn lists_of_the_same_nodes_are_known_as_such() {
    let peers = |text: &str| text.parse::<Peers>().expect("the list is right");
    assert!(peers("1=127.0.0.1:1,2=127.0.0.1:2").same_ids(&peers("2=127.0.0.1:3,1=127.0.0.1:4")));
    assert!(!peers("1=127.0.0.1:1,2=127.0.0.1:2").same_ids(&peers("1=127.0.0.1:1,3=127.0.0.1:2")));
}
