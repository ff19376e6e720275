//! Arguments: what is wrong with one is said by its name.

use std::num::NonZeroU64;

use bytes::Bytes;
use machine_core::NodeId;
use pyo3::{
    PyClass,
    buffer::PyBuffer,
    exceptions::{PyOverflowError, PyTypeError, PyValueError},
    prelude::*,
    pybacked::PyBackedBytes,
    types::{PyByteArray, PyBytes, PyList, PyMapping, PyMemoryView, PySequence},
};

/// Bytes of Python's from which on a `bytes` object is kept alive instead of copied: below, the copy is cheaper than the
/// owner that would have to be remembered.
const KEPT_BYTES_MIN: usize = 1 << 10;

/// An integer from 0 to 2^64 - 1.
pub(crate) fn number(name: &str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    value.extract::<u64>().map_err(|error| {
        let py = value.py();
        if error.is_instance_of::<PyOverflowError>(py) {
            PyOverflowError::new_err(format!("{name}: {} is not within 0 and 2**64 - 1", shown(value)))
        } else if error.is_instance_of::<PyTypeError>(py) {
            expected(name, "an int", value)
        } else {
            error
        }
    })
}

/// An integer from 1 to 2^64 - 1.
pub(crate) fn positive(name: &str, value: &Bound<'_, PyAny>) -> PyResult<NonZeroU64> {
    let number = number(name, value)?;
    NonZeroU64::new(number).ok_or_else(|| PyValueError::new_err(format!("{name}: 0 is not at least 1")))
}

/// An integer from 0 to below `limit`.
pub(crate) fn number_below(name: &str, value: &Bound<'_, PyAny>, limit: u64) -> PyResult<u64> {
    let number = number(name, value)?;
    if number < limit {
        return Ok(number);
    }
    Err(PyValueError::new_err(format!("{name}: {number} is not below {limit}")))
}

/// A node's id: an integer from 1 to 2^64 - 1.
pub(crate) fn node(name: &str, value: &Bound<'_, PyAny>) -> PyResult<NodeId> {
    named(name, number(name, value)?)
}

/// The node with this number.
pub(crate) fn named(name: &str, id: u64) -> PyResult<NodeId> {
    let id = NodeId::new(id);
    id.ok_or_else(|| PyValueError::new_err(format!("{name}: 0 is not a node; ids of Raft nodes start at 1")))
}

/// A number of things that memory could hold.
pub(crate) fn size(name: &str, value: &Bound<'_, PyAny>) -> PyResult<usize> {
    Ok(usize::try_from(number(name, value)?).unwrap_or(usize::MAX))
}

/// One of our own classes.
pub(crate) fn class<'a, 'py, T: PyClass>(
    name: &str,
    value: &'a Bound<'py, PyAny>,
) -> PyResult<&'a Bound<'py, T>> {
    value.cast::<T>().map_err(|_| expected(name, &one(T::NAME), value))
}

/// Ids out of any iterable.
pub(crate) fn ids(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<u64>> {
    items(name, "an iterable of int", value)?.map(|id| number(name, &id?)).collect()
}

/// Ids with counters, out of a mapping or of any iterable of pairs.
pub(crate) fn entries(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Vec<(u64, u64)>> {
    const WHAT: &str = "a mapping, or an iterable of pairs, of int to int";
    let pairs = match value.cast::<PyMapping>() {
        Ok(mapping) => mapping.items()?.into_any(),
        Err(_) => value.clone(),
    };
    let pair = |pair: PyResult<Bound<'_, PyAny>>| {
        let pair = pair?;
        let (id, n): (Bound<'_, PyAny>, Bound<'_, PyAny>) =
            pair.extract().map_err(|_| expected(name, WHAT, &pair))?;
        Ok((number(name, &id)?, number(name, &n)?))
    };
    items(name, WHAT, &pairs)?.map(pair).collect()
}

/// What the iterable yields.
pub(crate) fn items<'py>(
    name: &str,
    what: &str,
    value: &Bound<'py, PyAny>,
) -> PyResult<impl Iterator<Item = PyResult<Bound<'py, PyAny>>> + use<'py>> {
    let iterator = value.try_iter().map_err(|error| {
        if error.is_instance_of::<PyTypeError>(value.py()) { expected(name, what, value) } else { error }
    })?;
    Ok(iterator)
}

/// Bytes that nobody changes while they are read; a `bytearray` is copied first.
pub(crate) fn with_bytes<T>(
    name: &str,
    value: &Bound<'_, PyAny>,
    read: impl FnOnce(&[u8]) -> PyResult<T>,
) -> PyResult<T> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return read(bytes.as_bytes());
    }
    if let Ok(bytes) = value.cast::<PyByteArray>() {
        return read(&bytes.to_vec());
    }
    let wrong = |_| expected(name, "bytes, or a buffer of bytes", value);
    let buffer = PyBuffer::<u8>::get(value).or_else(|_| {
        // Other items than bytes are taken as the bytes that they are made of, when these lie side by side.
        PyBuffer::<u8>::get(&PyMemoryView::from(value)?.call_method1("cast", ("B",))?)
    });
    let bytes = buffer.map_err(wrong)?.to_vec(value.py())?;
    read(&bytes)
}

/// Bytes that stay: those of a `bytes` object if they are many, and otherwise a copy.
pub(crate) fn block(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    match value.cast_exact::<PyBytes>() {
        Ok(bytes) if bytes.as_bytes().len() >= KEPT_BYTES_MIN => {
            Ok(Bytes::from_owner(PyBackedBytes::from(bytes.clone())))
        }
        _ => with_bytes(name, value, |bytes| Ok(Bytes::copy_from_slice(bytes))),
    }
}

/// A payload: borrowed from a `bytes` object, or copied from another buffer.
pub(crate) enum Payload<'py> {
    Borrowed(Bound<'py, PyBytes>),
    Copied(Vec<u8>),
}

impl AsRef<[u8]> for Payload<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes.as_bytes(),
            Self::Copied(bytes) => bytes,
        }
    }
}

/// Payloads out of a sequence of buffers.
pub(crate) fn payloads<'py>(name: &str, value: &Bound<'py, PyAny>) -> PyResult<Vec<Payload<'py>>> {
    let one = |(place, item): (usize, Bound<'py, PyAny>)| match item.cast_into::<PyBytes>() {
        Ok(bytes) => Ok(Payload::Borrowed(bytes)),
        Err(other) => with_bytes(&format!("{name}[{place}]"), &other.into_inner(), |bytes| {
            Ok(Payload::Copied(bytes.to_vec()))
        }),
    };
    list(name, "a sequence of bytes or buffers", value)?.iter().enumerate().map(one).collect()
}

/// A sequence, as a list that is nobody else's. An iterator is refused: what it has given cannot be given again.
pub(crate) fn list<'py>(name: &str, what: &str, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    let sequence = value.cast::<PySequence>().map_err(|_| expected(name, what, value))?;
    sequence.to_list()
}

/// A class's name with its article.
pub(crate) fn one(class: &str) -> String {
    let article = if class.starts_with(['A', 'E', 'I', 'O', 'U']) { "an" } else { "a" };
    format!("{article} {class}")
}

/// The error for an argument of the wrong type.
pub(crate) fn expected(name: &str, what: &str, value: &Bound<'_, PyAny>) -> PyErr {
    let is = value.get_type().name().map_or_else(|_| "something else".to_owned(), |name| name.to_string());
    PyTypeError::new_err(format!("{name}: expected {what}, not {is}"))
}

/// The value as Python shows it, unless that is long, or fails.
fn shown(value: &Bound<'_, PyAny>) -> String {
    match value.repr().map(|text| text.to_string()) {
        Ok(text) if text.len() <= 40 => text,
        _ => "a huge number".to_owned(),
    }
}
