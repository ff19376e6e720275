//! The vectors of the pages that other implementations read, and their neighbours.

use transport::encode;

const RAFT_WIRE: &str = include_str!("../../../../docs/raft-wire.md");

/// Every vector of `docs/raft-wire.md` as it is, too short, too long, and with each byte before its term changed.
pub(crate) fn wire() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (name, vector) in vectors() {
        let selector = u8::from(name.contains("hard_state"));
        let whole = [&[selector], &vector[..]].concat();
        seeds.push(whole[..whole.len() - 1].to_vec());
        seeds.push([&whole[..], &[0]].concat());
        for at in 1..=4 {
            let mut other = whole.clone();
            other[at] = other[at].wrapping_add(7);
            seeds.push(other);
        }
        seeds.push(whole);
    }
    seeds
}

/// Streams of a few frames under several bounds, cut in several ways.
pub(crate) fn frames() -> Vec<Vec<u8>> {
    let frame = |kind, body: &[u8]| encode(kind, body).expect("short");
    let streams = [
        frame(1, b""),
        frame(1, b"quorate"),
        [frame(7, &[3; 40]), frame(8, b""), frame(239, &[0, 255, 0, 255])].concat(),
        [frame(240, &[5; 24]), frame(2, &[9; 300]), frame(3, b"behind")].concat(),
        frame(9, &[1; 64])[..50].to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ];
    // Flags, chunk, longest body, cuts.
    let heads: [&[u8]; 4] =
        [&[0, 64, 0, 2, 0], &[1, 16, 64, 0, 3, 1, 2, 3], &[1, 200, 0, 4, 1, 7], &[0, 0, 0, 1, 2, 90, 1]];
    // A body that is one byte too long.
    let mut seeds = vec![[&[0, 64, 6, 0, 0], &streams[1][..]].concat()];
    for (head, stream) in heads.iter().flat_map(|head| streams.iter().map(move |stream| (head, stream))) {
        seeds.push([head, &stream[..]].concat());
        // A wrong version, a reserved byte, a length, and either checksum wrong.
        for at in [4, 6, 8, 12, 16] {
            let mut other = [head, &stream[..]].concat();
            other[head.len() + at] ^= 1;
            seeds.push(other);
        }
    }
    seeds
}

/// Lines of the form `name: hex hex …` between the page's two markers; indented lines go on with it.
fn vectors() -> Vec<(String, Vec<u8>)> {
    let (_, rest) = RAFT_WIRE.split_once("<!-- vectors: begin -->").expect("the page has a begin marker");
    let (inside, _) = rest.split_once("<!-- vectors: end -->").expect("the page has an end marker");
    let mut vectors: Vec<(String, Vec<u8>)> = Vec::new();
    for line in inside.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("```")) {
        let hex = match line.split_once(':') {
            Some((name, hex)) => {
                vectors.push((name.to_owned(), Vec::new()));
                hex
            }
            None => line,
        };
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let bytes = digits.chunks(2).map(|pair| {
            let pair = std::str::from_utf8(pair).expect("digits are ASCII");
            u8::from_str_radix(pair, 16).expect("the page has whole bytes")
        });
        vectors.last_mut().expect("a name comes first").1.extend(bytes);
    }
    vectors
}
