//! Causal broadcast.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use lamport::Header;
use pyo3::{PyTraverseError, PyVisit, prelude::*};

use crate::{
    arg, error, kind,
    lock::lock,
    vector::{Dot, VersionVector},
};

/// Causal broadcast: messages come out in an order in which none comes before one that its sender had seen (Birman,
/// Schiper and Stephenson 1991, the protocol with one vector a message).
///
/// Duplicates and any order of arrival are fine. What is lost must be sent again by somebody: ``delivered`` says what is
/// here. Of each sender at most ``held_per_sender_max`` messages wait, 1,024 unless said otherwise, so that none can crowd
/// out the others. The membership is fixed: another one is another buffer, begun at what was delivered. Threads may share
/// it; it is not picklable, since a copy would repeat its own messages.
#[pyclass(frozen, generic, module = "quorate")]
#[derive(Debug)]
pub struct CausalBuffer(Mutex<Inner>);

/// The order is kept over numbers, so that the garbage collector can be shown the messages.
#[derive(Debug)]
struct Inner {
    order: lamport::CausalBuffer<u64, u64>,
    messages: BTreeMap<u64, Py<PyAny>>,
    next: u64,
}

#[pymethods]
impl CausalBuffer {
    #[new]
    #[pyo3(signature = (own, members, *, delivered = None, held_per_sender_max = None))]
    fn new(
        own: &Bound<'_, PyAny>,
        members: &Bound<'_, PyAny>,
        delivered: Option<&Bound<'_, PyAny>>,
        held_per_sender_max: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let (own, members) = (arg::number("own", own)?, arg::ids("members", members)?);
        let delivered = delivered.map(|it| arg::class::<VersionVector>("delivered", it)).transpose()?;
        let delivered = delivered.map_or_else(lamport::VersionVector::new, |it| it.get().0.clone());
        let most = held_per_sender_max.map(|most| arg::size("held_per_sender_max", most)).transpose()?;
        let mut order = lamport::CausalBuffer::resume(own, members, delivered);
        if let Some(most) = most {
            order = order.with_held_per_sender_max(most);
        }
        Ok(Self(Mutex::new(Inner { order, messages: BTreeMap::new(), next: 0 })))
    }

    /// Everything that was delivered here, our own messages included.
    #[getter]
    fn delivered(&self, py: Python<'_>) -> PyResult<VersionVector> {
        Ok(VersionVector(self.lock(py)?.order.delivered().clone()))
    }

    /// How many messages wait for others, or to be polled.
    #[getter]
    fn held(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.lock(py)?.order.held())
    }

    /// The header of a message of our own, to be sent with it to every other member: the message counts as delivered here.
    ///
    /// Raises ``ExhaustedError`` after 2**64 - 1 messages.
    fn broadcast(&self, py: Python<'_>) -> PyResult<VersionVector> {
        let header = self.lock(py)?.order.broadcast();
        header.map(|Header(clock)| VersionVector(clock)).map_err(|refusal| error::clock(py, refusal))
    }

    /// A message of the member ``sender`` arrives, whoever has forwarded it. ``Receipt.KEPT`` when it will come out,
    /// ``Receipt.DUPLICATE`` when it was here before or is our own.
    ///
    /// Nothing has changed on ``UnknownMemberError``, ``OwnIdFromFutureError``, ``TooManyEntriesError`` (too far ahead to
    /// wait: have it sent again later), ``MalformedError`` (a header that does not count its own message).
    fn receive<'py>(
        &self,
        sender: &Bound<'py, PyAny>,
        header: &Bound<'py, PyAny>,
        message: Py<PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = sender.py();
        let from = arg::number("sender", sender)?;
        let clock = arg::class::<VersionVector>("header", header)?.get().0.clone();
        let receipt = {
            let mut inner = self.lock(py)?;
            let slot = inner.next;
            let receipt = inner.order.receive(&from, Header(clock), slot);
            if receipt == Ok(lamport::Receipt::Kept) {
                inner.messages.insert(slot, message.clone_ref(py));
                inner.next += 1;
            }
            receipt
        };
        kind::receipt(py, receipt.map_err(|refusal| error::clock(py, refusal))?)
    }

    /// The next message whose whole past has been delivered, and which one it is; ``None`` when all that is here waits. It
    /// counts as delivered now.
    fn poll_deliver(&self, py: Python<'_>) -> PyResult<Option<(Dot, Py<PyAny>)>> {
        Ok(self.lock(py)?.deliver())
    }

    /// All messages that ``poll_deliver`` would give, in its order: one call instead of one a message.
    fn deliver_all(&self, py: Python<'_>) -> PyResult<Vec<(Dot, Py<PyAny>)>> {
        let mut inner = self.lock(py)?;
        Ok(std::iter::from_fn(|| inner.deliver()).collect())
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let inner = self.lock(py)?;
        Ok(format!("<CausalBuffer delivered {:?}, {} held>", inner.order.delivered(), inner.order.held()))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // A buffer that is in use is not garbage.
        let Ok(inner) = self.0.try_lock() else { return Ok(()) };
        inner.messages.values().try_for_each(|message| visit.call(message))
    }

    fn __clear__(&self) {
        let emptied = self.0.try_lock().map(|mut inner| std::mem::take(&mut inner.messages));
        drop(emptied); // behind the lock: a destructor may call the buffer
    }
}

impl CausalBuffer {
    fn lock<'a>(&'a self, py: Python<'_>) -> PyResult<MutexGuard<'a, Inner>> {
        lock(py, &self.0, "CausalBuffer")
    }
}

impl Inner {
    fn deliver(&mut self) -> Option<(Dot, Py<PyAny>)> {
        let (dot, slot) = self.order.poll_deliver()?;
        Some((Dot(dot), self.messages.remove(&slot)?))
    }
}
