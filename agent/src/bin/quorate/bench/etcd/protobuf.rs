//! The little of protobuf that a put needs.

const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const BYTES: u64 = 2;
const FIXED_32: u64 = 5;

/// Appends a field of bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_varint(out, field << 3 | BYTES);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a field with a number.
pub(crate) fn put_uint(out: &mut Vec<u8>, field: u64, value: u64) {
    put_varint(out, field << 3 | VARINT);
    put_varint(out, value);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// The fields of a message. What is missing or malformed is zero or empty, as protobuf has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value<'a> {
    Uint(u64),
    Bytes(&'a [u8]),
    Other,
}

impl<'a> Fields<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn uint(self, field: u64) -> u64 {
        match self.last(field) {
            Some(Value::Uint(value)) => value,
            _ => 0,
        }
    }

    pub(crate) fn message(self, field: u64) -> Self {
        match self.last(field) {
            Some(Value::Bytes(bytes)) => Self { bytes },
            _ => Self { bytes: &[] },
        }
    }

    /// Of a field that comes twice the last one counts.
    fn last(self, field: u64) -> Option<Value<'a>> {
        let (mut rest, mut found) = (self.bytes, None);
        while let Some((number, value)) = next(&mut rest) {
            if number == field {
                found = Some(value);
            }
        }
        found
    }
}

/// The field at the front, which is taken off.
fn next<'a>(rest: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    let key = varint(rest)?;
    let mut take = |length: usize| {
        let (taken, after) = rest.split_at_checked(length)?;
        *rest = after;
        Some(taken)
    };
    let value = match key & 7 {
        VARINT => Value::Uint(varint(rest)?),
        FIXED_64 => take(8).map(|_| Value::Other)?,
        FIXED_32 => take(4).map(|_| Value::Other)?,
        BYTES => {
            let length = usize::try_from(varint(rest)?).ok()?;
            let (taken, after) = rest.split_at_checked(length)?;
            *rest = after;
            Value::Bytes(taken)
        }
        _ => return None,
    };
    Some((key >> 3, value))
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests;
