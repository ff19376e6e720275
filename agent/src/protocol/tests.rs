use std::io::Cursor;

use proptest::{collection::vec, prelude::*};

use super::*;

fn batch() -> impl Strategy<Value = Batch> {
    (any::<u64>(), 1_u64..u64::MAX - 100, vec(vec(any::<u8>(), 0..40), 1..20)).prop_map(
        |(client, first, lines)| {
            Batch::new(ClientId::new(client), first, &lines).expect("small and not empty")
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        batch().prop_map(Request::Append),
        Just(Request::Status),
        (any::<u64>(), any::<u32>()).prop_map(|(from, bytes_max)| Request::List { from, bytes_max }),
        Just(Request::Barrier),
    ]
}

fn refusal() -> impl Strategy<Value = Refusal> {
    let node = || (1..u64::MAX).prop_map(NodeId::of);
    let address = proptest::option::of((any::<[u8; 4]>(), any::<u16>()).prop_map(SocketAddr::from));
    let leader = proptest::option::of(
        (node(), address).prop_map(|(id, client_address)| LeaderHint { id, client_address }),
    );
    prop_oneof![
        leader.prop_map(|leader| Refusal::NotLeader { leader }),
        Just(Refusal::NoQuorum),
        Just(Refusal::Full),
        node().prop_map(|to| Refusal::Transferring { to }),
        Just(Refusal::Superseded),
        any::<u64>().prop_map(|expected| Refusal::Gap { expected }),
        any::<(u64, u64)>().prop_map(|(bytes, bytes_max)| Refusal::TooLarge { bytes, bytes_max }),
        ".{0,40}".prop_map(|reason| Refusal::Stopping { reason }),
        any::<u32>().prop_map(|connections_max| Refusal::Crowded { connections_max }),
        ".{0,40}".prop_map(|reason| Refusal::Malformed { reason }),
        ".{0,40}".prop_map(|reason| Refusal::Unreadable { reason }),
    ]
}

fn status() -> NodeStatus {
    NodeStatus {
        id: NodeId::of(2),
        cluster: 7,
        role: Role::Leader,
        term: 3,
        leader: Some(NodeId::of(2)),
        last: 9,
        durable: 8,
        commit: 7,
        applied: 6,
        quorum_heard: true,
        summary: Summary { count: 5, checksum: 4 },
        cached_bytes: 10,
        memory: Memory { resident_bytes: 11, peak_bytes: 12 },
        memory_bytes_max: 13,
        dropped: 14,
        disk_writes: 15,
        disk_syncs: 16,
        peers: vec![PeerStatus { id: NodeId::of(1), connected: true, matched: 17 }],
    }
}

fn response() -> impl Strategy<Value = Response> {
    let entry = (any::<u64>(), vec(any::<u8>(), 0..40))
        .prop_map(|(index, payload)| ListedEntry { index, payload: payload.into() });
    prop_oneof![
        any::<(u64, u64)>()
            .prop_map(|(last_sequence, index)| Response::Appended(Appended { last_sequence, index })),
        Just(Response::Status(Box::new(status()))),
        (any::<u64>(), any::<u64>(), vec(entry, 0..20))
            .prop_map(|(next, applied, entries)| Response::Entries(Chunk { next, applied, entries })),
        any::<(u64, u64, u32)>().prop_map(|(index, count, checksum)| Response::BarrierPassed {
            index,
            summary: Summary { count, checksum }
        }),
        refusal().prop_map(Response::Refused),
    ]
}

proptest! {
    #[test]
    fn requests_come_back_as_they_were(id: u64, request in request()) {
        let mut content = Vec::new();
        request.encode(id, &mut content);
        prop_assert_eq!(Request::decode(content.into()), Ok((id, request)));
    }

    #[test]
    fn responses_come_back_as_they_were(id: u64, response in response()) {
        let mut content = Vec::new();
        response.encode(id, &mut content);
        prop_assert_eq!(Response::decode(content.into()), Ok((id, response)));
    }

    /// A frame that ends anywhere before its end, or has one byte more, is refused; with the right kind of error.
    #[test]
    fn a_frame_of_another_length_is_refused(id: u64, request in request(), response in response()) {
        let mut content = Vec::new();
        request.encode(id, &mut content);
        for end in 0..content.len() {
            let cut = Bytes::copy_from_slice(&content[..end]);
            prop_assert_eq!(Request::decode(cut), Err(ProtocolError::Truncated), "cut at {}", end);
        }
        content.push(0);
        prop_assert_eq!(Request::decode(content.clone().into()), Err(ProtocolError::TrailingBytes { bytes: 1 }));
        response.encode(id, &mut content);
        for end in 0..content.len() {
            prop_assert!(Response::decode(Bytes::copy_from_slice(&content[..end])).is_err(), "cut at {}", end);
        }
        content.push(0);
        prop_assert!(Response::decode(content.into()).is_err());
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(content in vec(any::<u8>(), 0..200), kind: u8) {
        let mut content = content;
        let _judged = (Request::decode(content.clone().into()), Response::decode(content.clone().into()));
        // Random bytes seldom begin with a known kind: make sure that they do.
        content.insert(0, [1, 2, 3, 4, 0x81, 0x82, 0x83, 0x84, 0xff][usize::from(kind) % 9]);
        let _judged = (Request::decode(content.clone().into()), Response::decode(content.into()));
    }

    #[test]
    fn frames_come_back_and_damaged_ones_do_not(content in vec(any::<u8>(), 0..200), at: prop::sample::Index, bit in 0_u32..8) {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, &content).expect("a short frame into memory");
        let read = read_frame(&mut Cursor::new(&bytes)).expect("it is sound").expect("it is there");
        prop_assert_eq!(&read[..], &content[..]);
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        prop_assert!(!matches!(read_frame(&mut Cursor::new(&bytes)), Ok(Some(_))), "bit {} of byte {}", bit, at);
    }
}

#[test]
fn claims_are_checked_before_anything_is_allocated() {
    // 4 GiB - 1 claimed by a frame, and by the counts and lengths inside one.
    let mut header = vec![0xff; 8];
    header.extend_from_slice(&[0; 32]);
    assert!(matches!(read_frame(&mut Cursor::new(&header)), Err(FrameError::TooLong { bytes: 0xffff_ffff })));
    let mut entries = vec![0x83];
    entries.extend_from_slice(&[0; 24]);
    entries.extend_from_slice(&[0xff; 4]);
    assert_eq!(Response::decode(entries.into()), Err(ProtocolError::Truncated));
    let mut append = vec![1];
    append.extend_from_slice(&[1; 24]);
    append.extend_from_slice(&[0xff; 4]);
    assert_eq!(Request::decode(append.into()), Err(ProtocolError::BatchLines { lines: u32::MAX }));
}

#[test]
fn batches_out_of_bounds_are_named() {
    let client = ClientId::new(1);
    let none: [&[u8]; 0] = [];
    assert_eq!(Batch::new(client, 1, none), Err(ProtocolError::BatchLines { lines: 0 }));
    let (long, longest) = (vec![b'x'; 65_537], vec![b'x'; 65_536]);
    let lines: [&[u8]; 2] = [b"a", &long];
    assert_eq!(Batch::new(client, 1, lines), Err(ProtocolError::LineTooLong { line: 1, bytes: 65_537 }));
    let fifteen = vec![&longest[..]; 15];
    assert!(Batch::new(client, 1, fifteen).is_ok());
    assert!(matches!(Batch::new(client, 1, vec![&longest[..]; 16]), Err(ProtocolError::BatchBytes { .. })));
    let many = vec![&b""[..]; BATCH_LINES_MAX + 1];
    assert!(matches!(Batch::new(client, 1, many), Err(ProtocolError::BatchLines { lines: 16_385 })));
    let one = || [&b"a"[..]];
    assert_eq!(Batch::new(client, 0, one()), Err(ProtocolError::BadSequence { first: 0, lines: 1 }));
    assert_eq!(
        Batch::new(client, u64::MAX, one()),
        Err(ProtocolError::BadSequence { first: u64::MAX, lines: 1 })
    );
}

#[test]
fn the_largest_batch_fits_a_frame() {
    let lines = vec![&[0; 60][..]; BATCH_LINES_MAX - 1];
    let batch = Batch::new(ClientId::new(1), 1, lines).expect("just below both bounds");
    let mut content = Vec::new();
    Request::Append(batch).encode(1, &mut content);
    write_frame(&mut Vec::new(), &content).expect("whatever a batch holds fits");
}

#[test]
fn a_batch_knows_its_lines() {
    let lines: [&[u8]; 3] = [b"one", b"", b"three"];
    let batch = Batch::new(ClientId::new(4), 10, lines).expect("three lines");
    assert_eq!(batch.lines().collect::<Vec<_>>(), lines);
    assert_eq!((batch.first_sequence(), batch.last_sequence(), batch.count()), (10, 12, 3));
}

#[test]
fn strangers_and_other_versions_are_known_by_their_greeting() {
    assert_eq!(Greeting::OWN.encode(), *b"quorate\x01");
    assert_eq!(Greeting::decode(*b"quorate\x09").expect("our name"), Greeting { version: 9 });
    let error = Greeting::decode(*b"GET / HT").expect_err("another protocol");
    assert!(error.to_string().contains("GET / HT"), "{error}");
}

#[test]
fn a_stream_that_ends_between_frames_has_ended_and_one_within_is_broken() {
    assert!(matches!(read_frame(&mut Cursor::new(b"")), Ok(None)));
    let mut bytes = Vec::new();
    write_frame(&mut bytes, b"abc").expect("a short frame into memory");
    for end in 1..bytes.len() {
        assert!(
            matches!(read_frame(&mut Cursor::new(&bytes[..end])), Err(FrameError::Io(_))),
            "cut at {end}"
        );
    }
}

proptest! {
    #[test]
    fn a_sole_frame_is_what_would_be_read_with_nothing_behind_it(
        content in vec(any::<u8>(), 0..50),
        (damaged, bit) in (any::<prop::sample::Index>(), 0..16_u32),
        kept in 0..60_usize,
        behind in vec(any::<u8>(), 0..3),
    ) {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, &content).expect("a short frame into memory");
        bytes.extend(behind);
        bytes.truncate(kept);
        // In half of the cases nothing is damaged.
        if let (false, Some(mask)) = (bytes.is_empty(), 1_u8.checked_shl(bit)) {
            let at = damaged.index(bytes.len());
            bytes[at] ^= mask;
        }
        let mut rest = Cursor::new(&bytes);
        let read = read_frame(&mut rest).ok().flatten().filter(|_| rest.position() == bytes.len() as u64);
        prop_assert_eq!(sole_frame(&bytes), read.as_deref());
    }
}

#[test]
fn long_reasons_are_cut_between_letters() {
    let refusal = Refusal::Malformed { reason: "ä".repeat(1000) };
    let mut content = Vec::new();
    Response::Refused(refusal).encode(1, &mut content);
    let (_, back) = Response::decode(content.into()).expect("a long reason is cut, not refused");
    assert_eq!(back, Response::Refused(Refusal::Malformed { reason: "ä".repeat(512) }));
}

#[test]
fn the_bytes_are_as_documented() {
    let mut content = Vec::new();
    let lines: [&[u8]; 2] = [b"a", b""];
    let batch = Batch::new(ClientId::new(2), 3, lines).expect("two lines");
    Request::Append(batch).encode(1, &mut content);
    let mut bytes = Vec::new();
    write_frame(&mut bytes, &content).expect("a short frame into memory");
    let expected = [
        &[38, 0, 0, 0][..],
        &crc32c::crc32c(&content).to_le_bytes(),
        &[1, 1, 0, 0, 0, 0, 0, 0, 0],
        &[2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0],
        &[1, 0, 0, 0, b'a', 0, 0, 0, 0],
    ]
    .concat();
    assert_eq!(bytes, expected);
}
