//! Bytes of clocks that have serde and none of their own: numbers of fixed length, by bincode.

use bincode::{DefaultOptions, Options};
use serde::{Serialize, de::DeserializeOwned};

/// More than any clock here takes.
const BYTES_MAX: u64 = 1 << 20;

/// The bytes of a value. Without the limit, which would cost the peers more than the encoding itself.
pub(crate) fn to_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    DefaultOptions::new().with_fixint_encoding().serialize(value).expect("a map of numbers")
}

/// The value of all these bytes.
pub(crate) fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> bincode::Result<T> {
    DefaultOptions::new().with_fixint_encoding().with_limit(BYTES_MAX).deserialize(bytes)
}
