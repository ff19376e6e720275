//! CRC-32C of a frame's body whose parts lie in different places, one of them shared by many frames.
//!
//! A CRC is a polynomial remainder, so `crc(A ‖ B) = crc(A)·x^(8·len B) + crc(B)` (Adler, zlib's `crc32_combine`).
//! With `crc(B)` and `x^(8·len B)` remembered, a second frame with the same body costs one 32-step multiplication
//! instead of a pass over the body. crc32c's own `crc32c_combine` rebuilds its matrices on every call.

use bytes::Bytes;

/// Below this length a pass over the body costs less than what would be remembered.
const REMEMBERED_BYTES_MIN: usize = 16 * 1024;

/// The polynomial of CRC-32C (Castagnoli), bits reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// The body of the newest large frame, so that the same body for the next peer is not read again.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    last: Option<Body>,
}

#[derive(Debug)]
struct Body {
    /// Held, so that no other body can take its place in memory while it is remembered.
    bytes: Bytes,
    crc: u32,
    shift: u32,
}

impl Remembered {
    /// The checksum of `head ‖ body`.
    pub(crate) fn checksum(&mut self, head: &[u8], body: &Bytes) -> u32 {
        let crc = crc32c::crc32c(head);
        if body.len() < REMEMBERED_BYTES_MIN {
            return crc32c::crc32c_append(crc, body);
        }
        let known = self.last.take().filter(|last| is_same(&last.bytes, body)).unwrap_or_else(|| Body {
            bytes: body.clone(),
            crc: crc32c::crc32c(body),
            shift: shift(body.len()),
        });
        let combined = multiply(known.shift, crc) ^ known.crc;
        self.last = Some(known);
        combined
    }

    /// Lets the body go: nothing is kept in memory between turns.
    pub(crate) fn forget(&mut self) {
        self.last = None;
    }
}

fn is_same(a: &Bytes, b: &Bytes) -> bool {
    a.as_ptr() == b.as_ptr() && a.len() == b.len()
}

/// `x^(8·len)` modulo the polynomial, by squaring.
fn shift(len: usize) -> u32 {
    let mut power = 0x0080_0000; // x^8: bit 31 - 8
    let mut result = 0x8000_0000; // 1
    let mut rest = len;
    while rest > 0 {
        if rest & 1 == 1 {
            result = multiply(power, result);
        }
        power = multiply(power, power);
        rest >>= 1;
    }
    result
}

/// The product of two polynomials modulo the polynomial; bit 31 is the coefficient of 1.
const fn multiply(a: u32, b: u32) -> u32 {
    let mut product = 0;
    let mut term = b;
    let mut bit = 1 << 31;
    while bit > 0 {
        if a & bit != 0 {
            product ^= term;
        }
        term = if term & 1 == 1 { (term >> 1) ^ POLYNOMIAL } else { term >> 1 };
        bit >>= 1;
    }
    product
}

#[cfg(all(test, not(loom)))]
mod tests;
