//! Values in the formats of others, through the same checks as ours: what deserialises is a value that could have come
//! about.
//!
//! | value | form |
//! |---|---|
//! | [`Time`], [`HlcTime`], [`Wall`] | a number |
//! | [`Stamp`], [`HlcStamp`] | (time, node) |
//! | [`Dot`] | (id, counter) |
//! | [`VersionVector`], [`Header`] | a sequence of (id, counter), ids ascending |
//! | [`CausalContext`] | (version vector, sequence of dots apart, ascending) |
//! | [`DvvSet`] | (version vector, sequence of (dot, value) in the order of [`DvvSet::dotted`]) |
//! | [`Interval`] | (earliest, latest) |
//!
//! Lengths are held to [`Limits::DEFAULT`] and [`SIBLINGS_MAX`].

use alloc::{collections::BTreeSet, vec::Vec};
use core::num::NonZeroU64;

use ::serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, SeqAccess, Visitor},
    ser::SerializeSeq,
};

use crate::{
    CausalContext, ClockError, Defect, Dot, DvvSet, Header, HlcStamp, HlcTime, Interval, Limits,
    SIBLINGS_MAX, Stamp, Time, VersionVector, Wall,
};

/// A sequence of at most `MAX` items, for which no more memory is taken than items have come.
#[derive(Debug)]
struct Bounded<T, const MAX: usize>(Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Bounded<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Self(Vec::new()))
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Bounded<T, MAX> {
    type Value = Self;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "a sequence of at most {MAX} items")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Self, A::Error> {
        while let Some(item) = items.next_element()? {
            if self.0.len() == MAX {
                return Err(A::Error::custom(ClockError::TooManyEntries { limit: MAX }));
            }
            self.0.push(item);
        }
        Ok(self)
    }
}

const ENTRIES_MAX: usize = Limits::DEFAULT.entries;
const CLOUD_MAX: usize = Limits::DEFAULT.cloud;

fn malformed<E: Error>(defect: Defect) -> E {
    E::custom(defect)
}

impl<I: Serialize> Serialize for VersionVector<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, I: Deserialize<'de> + Ord + Clone> Deserialize<'de> for VersionVector<I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Bounded(entries) = Bounded::<(I, NonZeroU64), ENTRIES_MAX>::deserialize(deserializer)?;
        Self::from_ascending(entries).ok_or_else(|| malformed(Defect::Order))
    }
}

impl<I: Serialize> Serialize for Header<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, I: Deserialize<'de> + Ord + Clone> Deserialize<'de> for Header<I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        VersionVector::deserialize(deserializer).map(Self)
    }
}

impl<I: Serialize> Serialize for Dot<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.id, self.n).serialize(serializer)
    }
}

impl<'de, I: Deserialize<'de>> Deserialize<'de> for Dot<I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (id, n) = Deserialize::deserialize(deserializer)?;
        Ok(Self { id, n })
    }
}

/// The dots of a cloud as a sequence.
struct Cloud<'a, I>(&'a CausalContext<I>);

impl<I: Serialize> Serialize for Cloud<'_, I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.cloud())
    }
}

impl<I: Serialize> Serialize for CausalContext<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.base(), Cloud(self)).serialize(serializer)
    }
}

impl<'de, I: Deserialize<'de> + Ord + Clone> Deserialize<'de> for CausalContext<I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (base, Bounded(dots)) =
            <(VersionVector<I>, Bounded<Dot<I>, CLOUD_MAX>)>::deserialize(deserializer)?;
        if !dots.is_sorted_by(|a, b| a < b) {
            return Err(malformed(Defect::Order));
        }
        let cloud: BTreeSet<_> = dots.into_iter().collect();
        Self::from_parts(base, cloud, CLOUD_MAX).ok_or_else(|| malformed(Defect::NotApart))
    }
}

/// The dotted values of a set as a sequence.
struct Dotted<'a, I, V>(&'a DvvSet<I, V>);

impl<I: Serialize + Ord + Clone, V: Serialize> Serialize for Dotted<'_, I, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        for dotted in self.0.dotted() {
            seq.serialize_element(&dotted)?;
        }
        seq.end()
    }
}

impl<I: Serialize + Ord + Clone, V: Serialize> Serialize for DvvSet<I, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.context(), Dotted(self)).serialize(serializer)
    }
}

impl<'de, I: Deserialize<'de> + Ord + Clone, V: Deserialize<'de>> Deserialize<'de> for DvvSet<I, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (context, Bounded(values)) =
            <(VersionVector<I>, Bounded<(Dot<I>, V), SIBLINGS_MAX>)>::deserialize(deserializer)?;
        Self::from_parts(&context, values, SIBLINGS_MAX).map_err(D::Error::custom)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.get().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self::new)
    }
}

impl<I: Serialize> Serialize for Stamp<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.time, &self.node).serialize(serializer)
    }
}

impl<'de, I: Deserialize<'de>> Deserialize<'de> for Stamp<I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (time, node) = Deserialize::deserialize(deserializer)?;
        Ok(Self { time, node })
    }
}

impl Serialize for HlcTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_bits().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for HlcTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self::from_bits)
    }
}

impl<I: Serialize> Serialize for HlcStamp<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.time, &self.node).serialize(serializer)
    }
}

impl<'de, I: Deserialize<'de>> Deserialize<'de> for HlcStamp<I> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (time, node) = Deserialize::deserialize(deserializer)?;
        Ok(Self { time, node })
    }
}

impl Serialize for Wall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.ms().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Wall {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self::from_ms)
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.earliest(), self.latest()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Interval {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (earliest, latest) = Deserialize::deserialize(deserializer)?;
        Self::new(earliest, latest).ok_or_else(|| malformed(Defect::Order))
    }
}
