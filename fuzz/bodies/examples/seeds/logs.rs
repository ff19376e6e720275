//! Write-ahead logs: what honest histories leave in a folder, that folder damaged, and scripts of histories.

use bytes::Bytes;
use machine_core::{NodeId, Rng, WriteId};
use storage::{LogStore, MemoryDisk, Options, Run, State, Wal, Write};

/// Folders, each as it is and with bytes of it changed; and scripts of histories with crashes.
pub(crate) fn logs() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (writes, bytes, released) in [(0, 0, 0), (1, 0, 0), (3, 40, 0), (9, 700, 0), (9, 700, 6), (5, 900, 7)]
    {
        let folder = folder(writes, bytes, released);
        let whole = bodies::wal_recover::described(&folder);
        // Of the first header: version, cluster, node, sequence, tag, size, generation, end before, oldest, released,
        // last. Of the first record: length, tag, offset, watermark, generation, kind, state length, id, first, mark,
        // count, body length.
        for at in [
            18, 22, 30, 38, 46, 54, 58, 62, 70, 78, 86, 162, 166, 174, 178, 182, 186, 187, 190, 198, 206,
            214, 218,
        ] {
            for flags in [0, 8] {
                let mut other = whole.clone();
                if let Some(byte) = other.get_mut(at) {
                    *byte = byte.wrapping_add(1);
                    other[2] = flags;
                    seeds.push(other);
                }
            }
        }
        // Released up to the last position but one.
        let mut full = whole.clone();
        full[78..94].copy_from_slice(&[(u64::MAX - 1).to_le_bytes(); 2].concat());
        seeds.push([&full[..], &[7, 3]].concat());
        // The second header tells another end of the first segment, or another last position, than its records.
        for (at, value) in [(56, u32::MAX), (80, 77)] {
            let mut other = folder.clone();
            if let Some((_, bytes)) = other.get_mut(1) {
                bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
                seeds.push(bodies::wal_recover::described(&other));
            }
        }
        if folder.len() > 1 {
            seeds.push(bodies::wal_recover::described(&folder[..1]));
            seeds.push(bodies::wal_recover::described(&folder[1..]));
        }
        // Behind the folder: so many writes of such a size.
        seeds.push([&whole[..], &[7, 3]].concat());
        seeds.push(whole);
    }
    seeds.extend(histories());
    seeds
}

fn histories() -> Vec<Vec<u8>> {
    let mut dice = Rng::new(2);
    let mut byte = move |limit: u64| u8::try_from(dice.below(limit)).expect("at most 256 are asked for");
    let script = |length| std::iter::once(1).chain((0..length).map(|_| byte(256))).collect();
    (4..28).map(|length| length * 6).map(script).collect()
}

/// What the body opens logs with.
pub(crate) const fn options() -> Options {
    Options::new(0xc1, NodeId::of(1), 42)
        .with_segment_bytes(4096)
        .with_record_bytes_max(1024)
        .with_spares_max(0)
}

/// The segments that a log leaves behind: sequence number and bytes.
fn folder(writes: u64, bytes: usize, released: u64) -> Vec<(u64, Vec<u8>)> {
    let mut disk = MemoryDisk::new();
    let (mut wal, _) = Wal::open(&mut disk, options()).expect("an empty folder");
    let state = State::new(b"term and vote").expect("short");
    for id in 1..=writes {
        let run = Run { first: id, count: 1, mark: id / 3, body: Bytes::from(vec![7; bytes]) };
        wal.append(&Write { id: WriteId::new(id), state, run: Some(run) }).expect("honest");
        wal.sync().expect("a good disk");
    }
    wal.release(released).expect("a good disk");
    wal.close().expect("a good disk");
    segments(&disk)
}

/// The segments on a disk: sequence number and bytes.
pub(crate) fn segments(disk: &MemoryDisk) -> Vec<(u64, Vec<u8>)> {
    let names: Vec<String> = disk.names().filter(|name| name.ends_with(".wal")).map(str::to_owned).collect();
    let file = |name: &String| {
        let sequence = name.trim_end_matches(".wal").parse().expect("a segment's name is its number");
        (sequence, disk.contents(name).expect("it was just named"))
    };
    names.iter().map(file).collect()
}
