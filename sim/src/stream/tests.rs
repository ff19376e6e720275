use machine_core::{Instant, Rng};

use super::{Piece, Stream, StreamProfile};
use crate::faults::{Faults, Place};

const LARGEST: usize = 4096;

fn stream(seed: u64, profile: StreamProfile) -> Stream {
    Stream::new(LARGEST, profile, Rng::new(seed), Place::link(0, 1), Faults::all())
}

fn bodies() -> impl Iterator<Item = Vec<u8>> {
    (0..200_u8).map(|number| vec![number; usize::from(number) * 20])
}

/// What comes out of the stream, each piece arriving when it is sent.
fn through(stream: &mut Stream) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for body in bodies() {
        for (_, piece) in stream.send(&body, Instant::ZERO).expect("short bodies") {
            out.extend(stream.arrive(&piece).expect("only what was sent").iter().map(|body| body.to_vec()));
        }
    }
    out
}

#[test]
fn a_sound_stream_gives_back_all_frames_however_it_is_cut() {
    for seed in 0..20 {
        assert!(through(&mut stream(seed, StreamProfile::HEALTHY)).into_iter().eq(bodies()), "seed {seed}");
    }
}

#[test]
fn broken_and_corrupted_streams_give_back_whole_frames_in_order_or_nothing() {
    let profile = StreamProfile { reset_per_mille: 50, corrupt_per_mille: 50 };
    for seed in 0..50 {
        let mut stream = stream(seed, profile);
        let out = through(&mut stream);
        let mut rest = bodies();
        assert!(out.iter().all(|body| rest.any(|sent| sent == *body)), "seed {seed}: an order of its own");
        let broken = stream.broken;
        assert!(out.len() < 200 && broken.resets > 0 && broken.refused > 0, "seed {seed}: {broken:?}");
    }
}

#[test]
fn pieces_do_not_overtake_each_other() {
    let mut stream = stream(1, StreamProfile::HEALTHY);
    let first = stream.send(b"late", Instant::from_millis(9)).expect("short");
    let second = stream.send(b"early", Instant::from_millis(1)).expect("short");
    assert!(first.iter().chain(&second).all(|(at, _)| *at == Instant::from_millis(9)));
}

#[test]
fn a_change_that_the_network_did_not_make_is_a_bug() {
    let mut stream = stream(1, StreamProfile::HEALTHY);
    let (_, Piece { connection, bytes }) = stream.send(&[7; 9], Instant::ZERO).expect("short").remove(0);
    let mut bytes = bytes.to_vec();
    bytes[0] ^= 1;
    let wrong =
        stream.arrive(&Piece { connection, bytes: bytes.into() }).expect_err("it was sound when it was sent");
    assert!(wrong.0.contains("refused"), "{wrong:?}");
}

#[test]
fn a_new_process_hears_nothing_of_old_connections() {
    let mut stream = stream(1, StreamProfile::HEALTHY);
    let pieces = stream.send(&[7; 9], Instant::ZERO).expect("short");
    stream.forget();
    assert!(pieces.iter().all(|(_, piece)| stream.arrive(piece) == Ok(Vec::new())));
}

#[test]
fn a_connection_on_which_bytes_changed_does_not_outlive_the_faults() {
    let profile = StreamProfile { corrupt_per_mille: 1000, ..StreamProfile::HEALTHY };
    for seed in 0..100 {
        let mut stream = stream(seed, profile);
        for (_, piece) in stream.send(&[7; 9], Instant::ZERO).expect("short") {
            assert_eq!(stream.arrive(&piece), Ok(Vec::new()), "seed {seed}");
        }
        stream.heal(Instant::ZERO);
        assert!(through(&mut stream).into_iter().eq(bodies()), "seed {seed}");
    }
}
