//! The frames on a connection between two nodes: the transport's own, without its sockets.

use pyo3::{prelude::*, types::PyBytes};
use raft_core::wire;
use transport::{Decoder, FrameError};

use crate::{arg, error, guard::Guarded, raft::message::Message};

/// Bytes that a decoder holds when nothing comes.
const CHUNK_BYTES: usize = 64 << 10;

/// Bytes in, frames out. ``body_bytes_max``: the longest body that is taken; longer ones are refused by their header, before
/// anything is allocated.
///
/// The bytes are those of docs/wire-format.md, the same in every language. Every header and every body is checksummed.
#[pyclass(frozen, module = "quorate._quorate")]
#[derive(Debug)]
pub struct FrameDecoder(Guarded<Held>);

struct Held(Decoder);

#[pymethods]
impl FrameDecoder {
    #[new]
    fn new(body_bytes_max: &Bound<'_, PyAny>) -> PyResult<Self> {
        let most = arg::size("body_bytes_max", body_bytes_max)?;
        Ok(Self(Guarded::new("FrameDecoder", Held(Decoder::new(most, CHUNK_BYTES)))))
    }

    /// Takes what came, and returns the frames that are whole now, as pairs of kind and body.
    ///
    /// Raises ``FrameError`` when the bytes are no frames, as soon as that is certain, and from then on. The frames before it in
    /// ``data`` are lost with it: whoever sent it is not to be trusted.
    fn feed<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'_, PyAny>,
    ) -> PyResult<Vec<(u8, Bound<'py, PyBytes>)>> {
        let data = arg::block("data", data)?;
        let fed = self.0.with(py, |Held(decoder)| feed(decoder, &data))?;
        let frames = fed.map_err(|refusal| frame_error(py, &refusal))?;
        Ok(frames.into_iter().map(|frame| (frame.kind, PyBytes::new(py, &frame.body))).collect())
    }
}

fn feed(decoder: &mut Decoder, mut data: &[u8]) -> Result<Vec<transport::Frame>, FrameError> {
    let mut frames = Vec::new();
    loop {
        while let Some(frame) = decoder.next()? {
            frames.push(frame);
        }
        if data.is_empty() {
            return Ok(frames);
        }
        let spare = decoder.spare();
        let count = spare.len().min(data.len());
        spare[..count].copy_from_slice(&data[..count]);
        decoder.filled(count);
        data = &data[count..];
    }
}

/// One frame. ``kind`` is from 0 to 255; those from 240 on are the transport's own.
#[pyfunction]
pub(crate) fn encode_frame<'py>(
    py: Python<'py>,
    kind: u8,
    body: &Bound<'_, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    arg::with_bytes("body", body, |body| {
        let frame = transport::encode(kind, body).map_err(|refusal| frame_error(py, &refusal))?;
        Ok(PyBytes::new(py, &frame))
    })
}

/// Messages as frames of this kind, back to back, in one piece.
#[pyfunction]
pub(crate) fn encode_messages<'py>(
    py: Python<'py>,
    kind: u8,
    messages: &Bound<'_, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut all = Vec::new();
    let mut body = Vec::new();
    for (place, message) in arg::list("messages", "a sequence of Message", messages)?.iter().enumerate() {
        let message = &arg::class::<Message>(&format!("messages[{place}]"), &message)?.get().0;
        body.clear();
        wire::encode_head(message, &mut body);
        if let Some(run) = message.run() {
            body.extend_from_slice(run.body());
        }
        let frame = transport::encode(kind, &body).map_err(|refusal| frame_error(py, &refusal))?;
        all.extend_from_slice(&frame);
    }
    Ok(PyBytes::new(py, &all))
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("held_bytes", &self.0.held_bytes()).finish_non_exhaustive()
    }
}

fn frame_error(py: Python<'_>, refusal: &FrameError) -> PyErr {
    let made = error::build(py, "FrameError", &refusal.to_string(), |_| Ok(()));
    made.unwrap_or_else(|failure| failure)
}
