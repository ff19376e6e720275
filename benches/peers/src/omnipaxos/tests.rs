use bytes::Bytes;
use omnipaxos::storage::Storage;

use super::{Payload, Ring};

fn payloads(bytes: &[u8]) -> Vec<Payload> {
    bytes.iter().map(|byte| Payload(Bytes::copy_from_slice(&[*byte]))).collect()
}

fn read(ring: &Ring, from: usize, to: usize) -> Vec<u8> {
    let entries = ring.get_entries(from, to).expect("reading never fails");
    entries.iter().map(|Payload(payload)| payload[0]).collect()
}

#[test]
fn a_prefix_is_kept_and_the_rest_replaced() {
    let mut ring = Ring { kept: 10, ..Ring::default() };
    ring.append_entries(payloads(b"abcd")).expect("there is room");
    ring.append_on_prefix(2, payloads(b"xy")).expect("there is room");
    assert_eq!(read(&ring, 0, 4), b"abxy");
    assert_eq!(ring.get_log_len().expect("reading never fails"), 4);
}

#[test]
fn old_entries_go_and_indexes_stay() {
    let mut ring = Ring { kept: 3, ..Ring::default() };
    ring.append_entries(payloads(b"abcde")).expect("there is room");
    assert_eq!(read(&ring, 2, 5), b"cde");
    assert_eq!(read(&ring, 1, 5), b"", "not all of it is there");
    assert_eq!(ring.get_suffix(3).expect("reading never fails").len(), 2);
    ring.append_on_prefix(4, payloads(b"z")).expect("there is room");
    assert_eq!(read(&ring, 2, 5), b"cdz");
}
