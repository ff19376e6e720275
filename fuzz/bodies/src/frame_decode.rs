//! The decoder of frames, fed in arbitrary pieces, beside one that sees the whole stream at once.

use transport::{Decoder, Frame, FrameError, HEADER_BYTES, MAGIC, VERSION, encode};

use crate::{Choices, Marks};

/// Every way a stream can go.
pub const MARKS: &[&str] = &[
    "frame",
    "frame without a body",
    "several frames",
    "frame larger than a chunk",
    "frame cut into pieces",
    "end within a frame",
    "not a frame",
    "other version",
    "header checksum",
    "reserved",
    "too long",
    "checksum",
];

/// Where the checksum of the body stands, as `docs/wire-format.md` says.
const BODY_CHECKSUM_AT: usize = 12;
/// Where that of the header stands, which covers all before it.
const HEADER_CHECKSUM_AT: usize = 16;

/// Most sizes of pieces that an input names; they are used in turn.
const CUTS_MAX: usize = 15;

/// The bounds, the sizes of the pieces, and the stream.
struct Input {
    body_bytes_max: usize,
    chunk_bytes: usize,
    cuts: Vec<usize>,
    stream: Vec<u8>,
}

/// Reads: flags (odd: checksums stay as they are), chunk size, longest body (u16), number of cuts, cuts; the rest is
/// the stream.
///
/// # Panics
///
/// When the decoder breaks a promise: a bug of `transport`.
pub fn run(input: &[u8]) -> Marks {
    let mut choices = Choices::new(input);
    let mut marks = Marks::new(MARKS);
    let as_it_is = choices.flag();
    let chunk_bytes = usize::from(choices.byte());
    let body_bytes_max = usize::from(choices.u16());
    let count = choices.below(CUTS_MAX + 1);
    let cuts = choices.bytes(count).iter().map(|cut| usize::from(*cut).max(1)).collect();
    let mut stream = choices.all().to_vec();
    if !as_it_is {
        mend(&mut stream);
    }
    let input = Input { body_bytes_max, chunk_bytes, cuts, stream };
    let expected = whole(&input.stream, body_bytes_max);
    let found = in_pieces(&input, &mut marks);
    assert_eq!(found, expected, "pieces of {:?} bytes, chunk of {chunk_bytes}", input.cuts);
    note(&expected, &mut marks);
    marks
}

/// Frames and how the stream ended: with an error, or with so many bytes of a frame that is not whole.
type Outcome = (Vec<Frame>, Result<usize, FrameError>);

fn in_pieces(input: &Input, marks: &mut Marks) -> Outcome {
    let mut decoder = Decoder::new(input.body_bytes_max, input.chunk_bytes);
    let mut cuts = input.cuts.iter().copied().cycle();
    let mut rest = &input.stream[..];
    let mut frames = Vec::new();
    let chunk = input.chunk_bytes.max(HEADER_BYTES);
    loop {
        loop {
            match decoder.next() {
                Ok(Some(frame)) => {
                    if HEADER_BYTES + frame.body.len() > chunk {
                        marks.see("frame larger than a chunk");
                    }
                    frames.push(frame);
                }
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(decoder.next(), Err(error), "an error is final");
                    assert!(!error.to_string().is_empty());
                    return (frames, Err(comparable(error)));
                }
            }
        }
        if rest.is_empty() {
            return (frames, Ok(decoder.held_bytes()));
        }
        let held = decoder.held_bytes();
        let spare = decoder.spare();
        let room = chunk.max(HEADER_BYTES + input.body_bytes_max);
        assert!(!spare.is_empty(), "there is always room for a byte");
        assert!(held + spare.len() <= room, "memory for {} bytes, at most {room}", held + spare.len());
        let count = spare.len().min(rest.len()).min(cuts.next().unwrap_or(usize::MAX));
        spare[..count].copy_from_slice(&rest[..count]);
        decoder.filled(count);
        rest = &rest[count..];
        if held > 0 {
            marks.see("frame cut into pieces");
        }
    }
}

/// What the stream holds, read off the page that describes frames.
fn whole(stream: &[u8], body_bytes_max: usize) -> Outcome {
    let mut frames = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        match first(rest, body_bytes_max) {
            Ok(Some(frame)) => {
                let bytes = encode(frame.kind, &frame.body).expect("a body that came fits a frame");
                let (taken, left) = rest.split_at(bytes.len());
                assert_eq!(taken, bytes, "a frame has one encoding");
                frames.push(frame);
                rest = left;
            }
            Ok(None) => break,
            Err(error) => return (frames, Err(comparable(error))),
        }
    }
    (frames, Ok(rest.len()))
}

/// How many bytes an error quotes depends on how many were there when it was noticed: only those up to the wrong one
/// are compared.
fn comparable(error: FrameError) -> FrameError {
    let FrameError::NotAFrame { mut found } = error else { return error };
    let wrong = found.iter().zip(&MAGIC).position(|(byte, magic)| byte != magic);
    found[wrong.expect("something is wrong with it") + 1..].fill(0);
    FrameError::NotAFrame { found }
}

fn first(bytes: &[u8], body_bytes_max: usize) -> Result<Option<Frame>, FrameError> {
    let wrong = bytes.iter().zip(&MAGIC).position(|(byte, magic)| byte != magic);
    if wrong.is_some() {
        let mut found = [0; 4];
        let seen = bytes.len().min(4);
        found[..seen].copy_from_slice(&bytes[..seen]);
        return Err(FrameError::NotAFrame { found });
    }
    match bytes.get(4) {
        Some(version) if *version != VERSION => {
            return Err(FrameError::OtherVersion { ours: VERSION, theirs: *version });
        }
        _ => {}
    }
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    let (written, computed) =
        (word(header, HEADER_CHECKSUM_AT), crc32c::crc32c(&header[..HEADER_CHECKSUM_AT]));
    if written != computed {
        return Err(FrameError::HeaderChecksum { written, computed });
    }
    if header[6..8] != [0, 0] {
        return Err(FrameError::Reserved { found: [header[6], header[7]] });
    }
    let length = word(header, 8);
    if u64::from(length) > body_bytes_max as u64 {
        return Err(FrameError::TooLong { len: length.into(), len_max: body_bytes_max as u64 });
    }
    let Some(frame) = bytes.get(..HEADER_BYTES + length as usize) else { return Ok(None) };
    let (written, computed) = (word(frame, BODY_CHECKSUM_AT), crc32c::crc32c(&frame[HEADER_BYTES..]));
    if written != computed {
        return Err(FrameError::Checksum { written, computed });
    }
    Ok(Some(Frame { kind: frame[5], body: bytes::Bytes::copy_from_slice(&frame[HEADER_BYTES..]) }))
}

/// Writes the right checksums into everything that is as long as a header or a frame, as an attacker would.
fn mend(stream: &mut [u8]) {
    let mut rest = stream;
    while rest.len() >= HEADER_BYTES {
        let length = HEADER_BYTES.saturating_add(word(rest, 8) as usize);
        let (frame, left) = rest.split_at_mut(length.min(rest.len()));
        let (header, body) = frame.split_at_mut(HEADER_BYTES);
        header[BODY_CHECKSUM_AT..][..4].copy_from_slice(&crc32c::crc32c(body).to_le_bytes());
        let checksum = crc32c::crc32c(&header[..HEADER_CHECKSUM_AT]);
        header[HEADER_CHECKSUM_AT..].copy_from_slice(&checksum.to_le_bytes());
        rest = left;
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn note((frames, end): &Outcome, marks: &mut Marks) {
    if let Some(frame) = frames.first() {
        marks.see(if frame.body.is_empty() { "frame without a body" } else { "frame" });
    }
    if frames.len() > 1 {
        marks.see("several frames");
    }
    match end {
        Ok(0) => {}
        Ok(_) => marks.see("end within a frame"),
        Err(FrameError::NotAFrame { .. }) => marks.see("not a frame"),
        Err(FrameError::OtherVersion { .. }) => marks.see("other version"),
        Err(FrameError::HeaderChecksum { .. }) => marks.see("header checksum"),
        Err(FrameError::Reserved { .. }) => marks.see("reserved"),
        Err(FrameError::TooLong { .. }) => marks.see("too long"),
        Err(FrameError::Checksum { .. }) => marks.see("checksum"),
        Err(other) => panic!("name a mark for {other:?}"),
    }
}
