//! Files as an input describes them.
//!
//! A file is: flags, sequence number ([`Choices::number`]), length of its content (u16), content. The content's first
//! [`HEADER_BYTES`] are the segment's header, which says no more than that; the rest are its records, from byte 512 on.

use storage::MemoryDisk;

use crate::Choices;

/// Bytes of a segment's header that mean something.
const HEADER_BYTES: usize = 152;
/// Where records begin.
const RECORDS_AT: usize = 512;
/// Bytes of a record before its state.
const RECORD_BYTES: usize = 64;
/// Files of one input; more say nothing new.
const FILES_MAX: usize = 6;

/// What the file's name says it is: 0 to 4 a segment.
const KIND: u8 = 7;
/// Magic, version, whose log it is, sequence number, and the places of records are left as they are, too.
const AS_IT_IS: u8 = 1 << 3;
/// Checksums are left as they are.
const UNMENDED: u8 = 1 << 4;
/// The file ends with its content; else it is filled up with zeros to the length that its header names.
const SHORT: u8 = 1 << 5;

/// The folder that the input describes.
pub(super) fn placed(choices: &mut Choices<'_>) -> MemoryDisk {
    let mut disk = MemoryDisk::new();
    let files = choices.below(FILES_MAX + 1);
    for _ in 0..files {
        let (flags, sequence) = (choices.byte(), choices.number());
        let length = usize::from(choices.u16());
        let content = choices.bytes(length);
        let kind = match flags & KIND {
            0..=4 => "wal",
            5 => "spare",
            6 => "new",
            _ => "other",
        };
        disk.place_file(&format!("{sequence:012}.{kind}"), &file(flags, sequence, content));
    }
    disk
}

/// An input of the target with these segments as they are: sequence number and bytes.
pub(super) fn described(files: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut input = vec![0, u8::try_from(files.len()).expect("a few files")];
    for (sequence, bytes) in files {
        let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let records = bytes.get(RECORDS_AT..end).unwrap_or_default();
        let content = [&bytes[..HEADER_BYTES], records].concat();
        input.push(0);
        input.push(u8::try_from(*sequence).expect("few segments"));
        input.extend_from_slice(&u16::try_from(content.len()).expect("small segments").to_le_bytes());
        input.extend_from_slice(&content);
    }
    input
}

fn file(flags: u8, sequence: u64, content: &[u8]) -> Vec<u8> {
    let (header, records) = content.split_at(HEADER_BYTES.min(content.len()));
    let mut bytes = header.to_vec();
    bytes.resize(RECORDS_AT, 0);
    bytes.extend_from_slice(records);
    if flags & SHORT != 0 {
        bytes.truncate(if content.len() < HEADER_BYTES { content.len() } else { bytes.len() });
    } else {
        let size = word(&bytes, 48).clamp(4096, 8192);
        bytes.resize(bytes.len().max(usize::try_from(size).expect("at most 8192")), 0);
    }
    if bytes.len() >= RECORDS_AT && flags & UNMENDED == 0 {
        mend(&mut bytes, sequence, flags & AS_IT_IS == 0);
    }
    bytes
}

/// Writes the right checksums, as an attacker would; `forged`, also what a record must repeat of its place and a
/// header of its log, so that an input need not spell it out.
fn mend(bytes: &mut [u8], sequence: u64, forged: bool) {
    if forged {
        put(bytes, 0, b"QRTWAL\r\n");
        put(bytes, 12, &1_u32.to_le_bytes());
        put(bytes, 16, &super::CLUSTER.to_le_bytes());
        put(bytes, 24, &1_u64.to_le_bytes());
        put(bytes, 32, &sequence.to_le_bytes());
    }
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&bytes[..8]), &bytes[12..RECORDS_AT]);
    put(bytes, 8, &checksum.to_le_bytes());
    let tag: [u8; 8] = bytes[40..48].try_into().expect("eight bytes");
    let mut at = RECORDS_AT;
    while at + RECORD_BYTES <= bytes.len() {
        let length = word(bytes, at + 4) as usize;
        if length < RECORD_BYTES || length % 8 != 0 || length > bytes.len() - at {
            at += 8;
            continue;
        }
        let record = &mut bytes[at..at + length];
        if forged {
            put(record, 8, &tag);
            put(record, 16, &u32::try_from(at).expect("files here are short").to_le_bytes());
        }
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&sequence.to_le_bytes()), &record[4..]);
        put(record, 0, &checksum.to_le_bytes());
        at += length;
    }
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
}
