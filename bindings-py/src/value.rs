//! Immutable values: classes with fields, of use in `match`, hashable and picklable, and built from their fields.

use bytes::Bytes;
use pyo3::{
    prelude::*,
    types::{PyBytes, PyTuple, PyType},
};

use crate::arg;

/// What can be a field: it comes out of an argument, or what is wrong with that is said by its name.
pub(crate) trait Field: Sized {
    fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self>;
}

/// Makes a class of a value out of its fields, which are also its arguments, in this order.
macro_rules! value {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        #[pyclass(frozen, eq, hash, module = "quorate.raft")]
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name {
            $($(#[$field_meta])* #[pyo3(get)] pub(crate) $field: $type,)*
        }

        #[pymethods]
        impl $name {
            #[new]
            #[allow(clippy::too_many_arguments, reason = "as many as the value has fields")]
            fn new($($field: &Bound<'_, PyAny>),*) -> PyResult<Self> {
                Ok(Self { $($field: <$type as $crate::value::Field>::take(stringify!($field), $field)?),* })
            }

            #[classattr]
            #[pyo3(name = "__match_args__")]
            fn match_args(py: Python<'_>) -> PyResult<Py<pyo3::types::PyTuple>> {
                $crate::value::names(py, &[$(stringify!($field)),*])
            }

            fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
                $crate::value::shown(slf, &[$(stringify!($field)),*])
            }

            fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<$crate::value::Parts<'py>> {
                $crate::value::parts(slf, &[$(stringify!($field)),*])
            }
        }

        impl $crate::value::Field for $name {
            fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
                Ok($crate::arg::class::<Self>(name, value)?.get().clone())
            }
        }
    };
}

pub(crate) use value;

/// How a value is built again: by its class, from its fields.
pub(crate) type Parts<'py> = (Bound<'py, PyType>, Bound<'py, PyTuple>);

/// The names by which `match` takes the fields in their order.
pub(crate) fn names(py: Python<'_>, fields: &[&str]) -> PyResult<Py<PyTuple>> {
    PyTuple::new(py, fields).map(Bound::unbind)
}

/// The value as the call that makes it.
pub(crate) fn shown(value: &Bound<'_, PyAny>, fields: &[&str]) -> PyResult<String> {
    let mut text = format!("{}(", value.get_type().name()?);
    for (place, field) in fields.iter().enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        text += &format!("{comma}{field}={}", value.getattr(*field)?.repr()?);
    }
    Ok(text + ")")
}

/// The value's class and its fields.
pub(crate) fn parts<'py>(value: &Bound<'py, PyAny>, fields: &[&str]) -> PyResult<Parts<'py>> {
    let fields = fields.iter().map(|field| value.getattr(*field)).collect::<PyResult<Vec<_>>>()?;
    Ok((value.get_type(), PyTuple::new(value.py(), fields)?))
}

/// Bytes of a shared block: Python sees a copy of its own, made when it asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Block(pub(crate) Bytes);

impl<'py> IntoPyObject<'py> for Block {
    type Target = PyBytes;
    type Output = Bound<'py, PyBytes>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        Ok(PyBytes::new(py, &self.0))
    }
}

impl Field for Block {
    fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        arg::block(name, value).map(Self)
    }
}

impl Field for u64 {
    fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        arg::number(name, value)
    }
}

impl Field for u32 {
    fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        arg::number_below(name, value, 1 << 32).map(|number| Self::try_from(number).unwrap_or(Self::MAX))
    }
}

impl Field for bool {
    fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        value.extract().map_err(|_| arg::expected(name, "a bool", value))
    }
}

impl<T: Field> Field for Option<T> {
    fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        if value.is_none() { Ok(None) } else { T::take(name, value).map(Some) }
    }
}

/// Several of them, which Python sees as a tuple.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Many<T>(pub(crate) Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'py, T: IntoPyObject<'py>> IntoPyObject<'py> for Many<T> {
    type Target = PyTuple;
    type Output = Bound<'py, PyTuple>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        PyTuple::new(py, self.0)
    }
}

impl<T: Field> Field for Many<T> {
    fn take(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Self> {
        arg::items(name, "an iterable", value)?
            .map(|item| T::take(name, &item?))
            .collect::<PyResult<_>>()
            .map(Self)
    }
}
