//! Law 12: one value, one encoding; through bytes and through serde.

use lamport::{
    CausalContext, ClockError, Dot, DvvSet, HlcStamp, HlcTime, Interval, Limits, Stamp, Time, VersionVector,
    Wall,
    codec::{Reader, put_number},
};
use proptest::{collection, prelude::*};
use serde::de::{
    Deserialize, IntoDeserializer,
    value::{Error, SeqDeserializer},
};
use serde_json::Value;

use crate::strategies::{any_vector, context, counter, id};

fn vector_bytes(vector: &VersionVector) -> Vec<u8> {
    let mut bytes = Vec::new();
    vector.encode(&mut bytes);
    bytes
}

fn context_bytes(context: &CausalContext) -> Vec<u8> {
    let mut bytes = Vec::new();
    context.encode(&mut bytes);
    bytes
}

/// Bytes that are near an encoding: one with a byte changed, taken out or put in, or cut short; or any.
fn near(bytes: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (bytes, 0..5u8, any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut bytes, how, at, byte)| {
        let at = at.index(bytes.len().max(1));
        match how {
            0 if at < bytes.len() => bytes[at] = byte,
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.insert(at.min(bytes.len()), byte),
            3 => bytes.truncate(at),
            _ => {}
        }
        bytes
    })
}

/// What is accepted is written back to the same.
fn canonical(bytes: &[u8], limits: Limits) -> Result<(), TestCaseError> {
    if let Ok(vector) = VersionVector::<u64>::decode(bytes, limits) {
        prop_assert_eq!(vector_bytes(&vector), bytes);
        prop_assert!(vector.len() <= limits.entries && vector.iter().all(|(_, n)| n > 0));
        prop_assert!(vector.iter().map(|(id, _)| *id).is_sorted_by(|a, b| a < b));
    }
    if let Ok(context) = CausalContext::<u64>::decode(bytes, limits) {
        prop_assert_eq!(context_bytes(&context), bytes);
        prop_assert!(context.cloud_len() <= limits.cloud);
        for dot in context.cloud() {
            prop_assert!(dot.n.get() > context.base().get(&dot.id) + 1, "{dot:?} is not apart");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(crate::strategies::cases())]

    #[test]
    fn numbers_come_back(number in prop_oneof![any::<u64>(), 0..300u64, (0..64u32).prop_map(|n| 1 << n)]) {
        let mut bytes = Vec::new();
        put_number(number, &mut bytes);
        prop_assert!(bytes.len() <= 10);
        let mut input = Reader::new(&bytes);
        prop_assert_eq!(input.number(), Ok(number));
        prop_assert_eq!(input.end(), Ok(()));
    }

    #[test]
    fn values_come_back(vector in any_vector(), context in context(), id in id(), n in counter()) {
        prop_assert_eq!(VersionVector::decode(&vector_bytes(&vector), Limits::DEFAULT), Ok(vector.clone()));
        prop_assert_eq!(CausalContext::decode(&context_bytes(&context), Limits::DEFAULT), Ok(context));
        let mut bytes = Vec::new();
        let (stamp, dot) = (Stamp { time: Time::new(n), node: id }, Dot::new(id, n.max(1)).expect("not zero"));
        stamp.encode(&mut bytes);
        dot.encode(&mut bytes);
        vector.encode(&mut bytes);
        let mut input = Reader::new(&bytes);
        prop_assert_eq!(Stamp::read(&mut input), Ok(stamp));
        prop_assert_eq!(Dot::read(&mut input), Ok(dot));
        prop_assert_eq!(VersionVector::read(&mut input, Limits::DEFAULT), Ok(vector));
        prop_assert_eq!(input.end(), Ok(()));
    }

    #[test]
    fn ids_of_every_kind_come_back(ids in collection::btree_map(any::<u32>(), 1..9u64, 0..6)) {
        let narrow: VersionVector<u32> = ids.clone().into_iter().collect();
        let wide: VersionVector<[u8; 16]> =
            ids.into_iter().map(|(id, n)| ((u128::from(id) << 90).to_be_bytes(), n)).collect();
        let (mut a, mut b) = (Vec::new(), Vec::new());
        narrow.encode(&mut a);
        wide.encode(&mut b);
        prop_assert_eq!(VersionVector::<u32>::decode(&a, Limits::DEFAULT), Ok(narrow));
        prop_assert_eq!(VersionVector::<[u8; 16]>::decode(&b, Limits::DEFAULT), Ok(wide));
    }

    #[test]
    fn any_bytes_are_refused_or_canonical(bytes in collection::vec(any::<u8>(), 0..40)) {
        canonical(&bytes, Limits::DEFAULT)?;
    }

    #[test]
    fn bytes_near_a_vector(bytes in near(any_vector().prop_map(|vector| vector_bytes(&vector)))) {
        canonical(&bytes, Limits { entries: 6, cloud: 6 })?;
    }

    #[test]
    fn bytes_near_a_context(bytes in near(context().prop_map(|context| context_bytes(&context)))) {
        canonical(&bytes, Limits { entries: 6, cloud: 6 })?;
    }

    #[test]
    fn limits_are_kept(vector in any_vector(), context in context(), entries in 0..8usize, cloud in 0..8usize) {
        let limits = Limits { entries, cloud };
        let decoded = VersionVector::<u64>::decode(&vector_bytes(&vector), limits);
        let refused = Err(ClockError::TooManyEntries { limit: entries });
        prop_assert_eq!(decoded, if vector.len() <= entries { Ok(vector) } else { refused });
        let decoded = CausalContext::<u64>::decode(&context_bytes(&context), limits);
        let apart: std::collections::BTreeSet<_> = context.cloud().map(|dot| dot.id).collect();
        let fits = context.base().len() <= entries && apart.len() <= entries && context.cloud_len() <= cloud;
        prop_assert_eq!(decoded.is_ok(), fits);
    }

    #[test]
    fn serde_brings_values_back(vector in any_vector(), context in context(), bits in any::<u64>(), ms in any::<u64>()) {
        macro_rules! comes_back {
            ($($value:expr => $type:ty),+ $(,)?) => {$(
                let json = serde_json::to_string(&$value).expect("it has no maps with odd keys");
                prop_assert_eq!(serde_json::from_str::<$type>(&json).expect("as written"), $value);
            )+};
        }
        let mut set = DvvSet::new();
        set.update(&VersionVector::new(), "a".to_owned(), 1).expect("few");
        set.update(&VersionVector::from([(2, 4)]), "b".to_owned(), 1).expect("few");
        let time = HlcTime::from_bits(bits);
        comes_back! {
            vector => VersionVector,
            context => CausalContext,
            set => DvvSet<u64, String>,
            time => HlcTime,
            HlcStamp { time, node: 3u8 } => HlcStamp<u8>,
            Stamp { time: Time::new(bits), node: 3u8 } => Stamp<u8>,
            Wall::from_ms(ms) => Wall,
            Interval::around(Wall::from_ms(ms), 5) => Interval,
            lamport::Header(VersionVector::from([(1, ms | 1)])) => lamport::Header,
        }
    }

    /// Any sequence of pairs is refused, or is a value that serialises to the same.
    #[test]
    fn any_json_is_refused_or_canonical(pairs in collection::vec((0..5u64, 0..4u64), 0..6), base in 0..4usize) {
        let json = serde_json::to_value(&pairs).expect("pairs");
        let vector = serde_json::from_value::<VersionVector>(json.clone());
        let sound = pairs.is_sorted_by(|a, b| a.0 < b.0) && pairs.iter().all(|(_, n)| *n > 0);
        prop_assert_eq!(vector.is_ok(), sound);
        if let Ok(vector) = vector {
            prop_assert_eq!(serde_json::to_value(vector).expect("pairs"), json);
        }
        let (base, cloud) = pairs.split_at(base.min(pairs.len()));
        let json = serde_json::to_value((base, cloud)).expect("pairs");
        if let Ok(context) = serde_json::from_value::<CausalContext>(json.clone()) {
            prop_assert_eq!(serde_json::to_value(&context).expect("pairs"), json);
            let mut bytes = Vec::new();
            context.encode(&mut bytes);
            prop_assert_eq!(CausalContext::decode(&bytes, Limits::DEFAULT), Ok(context));
        }
    }
}

/// Forms that a peer may send to a program that trusts its serialiser.
#[test]
fn hostile_json_is_refused() {
    for json in [
        "[[0,0]]",
        "[[1,0]]",
        "[[2,1],[1,1]]",
        "[[1,1],[1,2]]",
        "[[1]]",
        "[[1,1,1]]",
        "[[1,-1]]",
        "[[1,1.5]]",
        "[[1,18446744073709551616]]",
        "{\"1\":1}",
        "null",
        "[[1,1],null]",
    ] {
        assert!(serde_json::from_str::<VersionVector>(json).is_err(), "{json}");
        assert!(serde_json::from_str::<lamport::Header>(json).is_err(), "{json}");
    }
    for json in [
        "[[],[[1,1]]]",
        "[[[1,3]],[[1,4]]]",
        "[[[1,3]],[[1,2]]]",
        "[[],[[1,5],[1,5]]]",
        "[[],[[1,5],[1,3]]]",
        "[[],[[1,0]]]",
        "[[]]",
        "[[],[],[]]",
    ] {
        assert!(serde_json::from_str::<CausalContext>(json).is_err(), "{json}");
    }
    for json in [
        "[[[1,2]],[[[1,3],\"a\"]]]",
        "[[[1,2]],[[[1,1],\"a\"]]]",
        "[[[1,2]],[[[1,2],\"a\"],[[1,2],\"a\"]]]",
        "[[],[[[1,1],\"a\"]]]",
        "[[[1,2],[2,1]],[[[2,1],\"b\"],[[1,2],\"a\"]]]",
        "[[[1,0]],[]]",
    ] {
        assert!(serde_json::from_str::<DvvSet<u64, String>>(json).is_err(), "{json}");
    }
    assert!(serde_json::from_str::<Interval>("[2,1]").is_err());
    assert!(serde_json::from_str::<Dot>("[1,0]").is_err());
}

/// As many as there may be, and one more: a number of entries is no reason to take memory, and not the sender's choice.
#[test]
fn serde_is_bounded() {
    let pairs = |count: usize| Value::from((0..count).map(|id| Value::from(vec![id, 1])).collect::<Vec<_>>());
    let limit = Limits::DEFAULT.entries;
    assert!(serde_json::from_value::<VersionVector>(pairs(limit)).is_ok());
    let error = serde_json::from_value::<VersionVector>(pairs(limit + 1)).expect_err("one too many");
    assert!(error.to_string().contains("65536"), "{error}");
}

/// Formats that tell lengths beforehand, as binary ones do, may lie about them.
#[test]
fn a_claimed_length_takes_no_memory() {
    let read = |pairs: Vec<Pair>| {
        let sequence: SeqDeserializer<_, Error> = SeqDeserializer::new(Liar(pairs.into_iter()));
        // Not to its end, which this one never admits to have reached.
        VersionVector::<u64>::deserialize(sequence)
    };
    assert_eq!(read(vec![Pair(1, 2), Pair(3, 4)]), Ok(VersionVector::from([(1, 2), (3, 4)])));
    assert!(read(vec![Pair(1, 0)]).is_err());
    assert!(read(vec![Pair(2, 1), Pair(1, 1)]).is_err());
}

struct Pair(u64, u64);

impl IntoDeserializer<'_, Error> for Pair {
    type Deserializer = SeqDeserializer<std::array::IntoIter<u64, 2>, Error>;

    fn into_deserializer(self) -> Self::Deserializer {
        SeqDeserializer::new([self.0, self.1].into_iter())
    }
}

/// Claims more than any memory holds.
struct Liar(std::vec::IntoIter<Pair>);

impl Iterator for Liar {
    type Item = Pair;

    fn next(&mut self) -> Option<Pair> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, Some(usize::MAX))
    }
}
