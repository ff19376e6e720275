//! Arguments: what is wrong with one is said by its name.

use std::num::NonZeroU64;

use pyo3::{
    PyClass,
    exceptions::{PyOverflowError, PyTypeError, PyValueError},
    prelude::*,
    types::{PyByteArray, PyBytes, PyMapping},
};

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

/// A number of things that memory could hold.
pub(crate) fn size(name: &str, value: &Bound<'_, PyAny>) -> PyResult<usize> {
    Ok(usize::try_from(number(name, value)?).unwrap_or(usize::MAX))
}

/// One of our own classes.
pub(crate) fn class<'a, 'py, T: PyClass>(
    name: &str,
    value: &'a Bound<'py, PyAny>,
) -> PyResult<&'a Bound<'py, T>> {
    value.cast::<T>().map_err(|_| expected(name, &format!("a {}", T::NAME), value))
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
    let buffer = pyo3::buffer::PyBuffer::<u8>::get(value);
    let buffer = buffer.map_err(|_| expected(name, "bytes, or a buffer of bytes", value))?;
    read(&buffer.to_vec(value.py())?)
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
