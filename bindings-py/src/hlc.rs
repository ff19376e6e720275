//! The hybrid clock.

use lamport::{AtomicHlc, HlcConfig, HlcStamp, Wall};
use pyo3::{class::basic::CompareOp, exceptions::PyValueError, prelude::*, types::PyBytes};

use crate::{arg, error};

/// A moment of hybrid time in 8 bytes: 48 bits of milliseconds since the Unix epoch (until the year 10889), and a 16-bit
/// counter within the millisecond.
///
/// A total order, that of ``int(t)`` and that of ``bytes(t)``. Immutable, hashable, picklable, and of use in ``match``.
///
/// Raises ``ValueError`` beyond either width, ``TypeError`` for what is no ``int``, ``OverflowError`` for negative ones.
#[pyclass(frozen, module = "quorate")]
#[derive(Clone, Copy, Debug)]
pub struct HlcTime(pub(crate) lamport::HlcTime);

#[pymethods]
impl HlcTime {
    #[new]
    #[pyo3(signature = (ms, counter = None))]
    fn new(ms: &Bound<'_, PyAny>, counter: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let ms = arg::number("ms", ms)?;
        let counter = counter.map_or(Ok(0), |counter| arg::number("counter", counter))?;
        let narrow = u16::try_from(counter)
            .map_err(|_| PyValueError::new_err(format!("counter: {counter} is not below 2**16")))?;
        let time = lamport::HlcTime::new(ms, narrow);
        time.map(Self).ok_or_else(|| PyValueError::new_err(format!("ms: {ms} is not below 2**48")))
    }

    #[classattr]
    #[pyo3(name = "__match_args__")]
    const fn match_args() -> (&'static str, &'static str) {
        ("ms", "counter")
    }

    /// The moment with this number: milliseconds times 65,536, plus the counter.
    #[staticmethod]
    fn from_bits(bits: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(lamport::HlcTime::from_bits(arg::number("bits", bits)?)))
    }

    /// The moment with these 8 bytes. Raises ``ValueError`` for more or fewer.
    #[staticmethod]
    fn from_bytes(data: &Bound<'_, PyAny>) -> PyResult<Self> {
        arg::with_bytes("data", data, |bytes| {
            let eight = bytes.try_into().map_err(|_| {
                PyValueError::new_err(format!("data: {} bytes, and a hybrid time has 8", bytes.len()))
            })?;
            Ok(Self(lamport::HlcTime::from_be_bytes(eight)))
        })
    }

    /// The physical part: milliseconds since the Unix epoch.
    #[getter]
    const fn ms(&self) -> u64 {
        self.0.ms()
    }

    /// The logical part: which stamp within the millisecond.
    #[getter]
    const fn counter(&self) -> u16 {
        self.0.counter()
    }

    fn __int__(&self) -> u64 {
        self.0.to_bits()
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_be_bytes())
    }

    fn __richcmp__(&self, other: &Self, op: CompareOp) -> bool {
        op.matches(self.0.cmp(&other.0))
    }

    fn __hash__(&self) -> u64 {
        self.0.to_bits()
    }

    fn __repr__(&self) -> String {
        format!("HlcTime(ms={}, counter={})", self.ms(), self.counter())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, PyAny>, (u64, u16)) {
        (py.get_type::<Self>().into_any(), (self.ms(), self.counter()))
    }
}

/// A hybrid logical clock: stamps that respect causality like Lamport's, and stay near the wall clock (Kulkarni et al.
/// 2014). The wall is an argument of every call, in whole milliseconds since the Unix epoch: it reads no clock itself.
///
/// ``floor`` is the bound that was persisted last; leave it out the first time only. No stamp is above the bound that is
/// durable: before the first one, and then whenever ``persist_request`` has one, write its 8 bytes, sync them, and call
/// ``persisted``.
///
/// ``max_ahead_ms`` (2,000): how far a stamp may lead the wall. ``max_forward_jump_ms`` (``None``: any): how far the wall may
/// leap. ``persist_window_ms`` (1,000): how far ahead the bound is persisted; ``None`` persists nothing, for nodes that come
/// back under a new id only. Raises ``ConfigError`` when they contradict each other.
///
/// Threads may share one clock without a lock. It is not picklable, since two copies would give the same stamps.
#[pyclass(frozen, module = "quorate")]
#[derive(Debug)]
pub struct Hlc(AtomicHlc);

#[pymethods]
impl Hlc {
    #[new]
    #[pyo3(
        signature = (floor = None, *, max_ahead_ms = 2_000, max_forward_jump_ms = None, persist_window_ms = Some(1_000)),
        text_signature = "(floor=None, *, max_ahead_ms=2000, max_forward_jump_ms=None, persist_window_ms=1000)"
    )]
    fn new(
        py: Python<'_>,
        floor: Option<&Bound<'_, PyAny>>,
        max_ahead_ms: u64,
        max_forward_jump_ms: Option<u64>,
        persist_window_ms: Option<u64>,
    ) -> PyResult<Self> {
        let floor = floor.map_or(Ok(lamport::HlcTime::ZERO), |floor| time("floor", floor))?;
        let config = HlcConfig::new()
            .with_max_ahead_ms(max_ahead_ms)
            .with_max_forward_jump_ms(max_forward_jump_ms)
            .with_persist_window_ms(persist_window_ms);
        AtomicHlc::new(config, floor).map(Self).map_err(|refusal| error::config(py, &refusal))
    }

    /// The newest stamp given, or the floor before the first.
    #[getter]
    fn last(&self) -> HlcTime {
        HlcTime(self.0.peek())
    }

    /// How many stamps from outside were refused, or clamped.
    #[getter]
    fn rejected(&self) -> u64 {
        self.0.rejected()
    }

    /// How far, in milliseconds, a stamp from outside has ever led the wall, whether it was accepted or not.
    #[getter]
    fn max_ahead_seen_ms(&self) -> u64 {
        self.0.max_ahead_seen_ms()
    }

    /// How far, in milliseconds, the clock leads the wall. Hours mean that it was poisoned.
    fn ahead_of(&self, wall_ms: &Bound<'_, PyAny>) -> PyResult<u64> {
        Ok(self.0.ahead_of(wall(wall_ms)?))
    }

    /// A local event, or a message about to be sent: a stamp above all before, and not before the wall.
    ///
    /// Nothing has changed on ``NotPersistedError`` (until the bound that it names is durable), ``TooFarAheadError`` with
    /// ``Side.LOCAL`` (wait for ``ahead - limit`` milliseconds), ``ForwardJumpError`` (the wall leapt), ``ExhaustedError``.
    fn tick(&self, wall_ms: &Bound<'_, PyAny>) -> PyResult<HlcTime> {
        given(wall_ms.py(), self.0.tick(wall(wall_ms)?))
    }

    /// A message with the stamp ``remote`` arrives: a stamp above it, above all before, and not before the wall.
    ///
    /// Raises as ``tick``, and ``TooFarAheadError`` with ``Side.REMOTE`` when ``remote`` leads the wall by more than
    /// ``max_ahead_ms``. But for the counters, nothing has changed then.
    fn observe(&self, remote: &Bound<'_, PyAny>, wall_ms: &Bound<'_, PyAny>) -> PyResult<HlcTime> {
        given(remote.py(), self.0.observe(time("remote", remote)?, wall(wall_ms)?))
    }

    /// Like ``observe`` of a stamp that the node ``sender`` has given, and notices when somebody else uses our id ``own``:
    /// ``OwnIdFromFutureError`` for a stamp of ``own`` above all that this clock has given.
    fn observe_from(
        &self,
        own: &Bound<'_, PyAny>,
        sender: &Bound<'_, PyAny>,
        remote: &Bound<'_, PyAny>,
        wall_ms: &Bound<'_, PyAny>,
    ) -> PyResult<HlcTime> {
        let own = arg::number("own", own)?;
        let stamp = HlcStamp { time: time("remote", remote)?, node: arg::number("sender", sender)? };
        given(remote.py(), self.0.observe_from(&own, &stamp, wall(wall_ms)?))
    }

    /// Like ``observe``, but a stamp that is too far ahead counts as one at the limit: for telemetry, where a late or wrongly
    /// ordered sample is better than none. The result may then be below ``remote``.
    fn observe_clamped(&self, remote: &Bound<'_, PyAny>, wall_ms: &Bound<'_, PyAny>) -> PyResult<HlcTime> {
        given(remote.py(), self.0.observe_clamped(time("remote", remote)?, wall(wall_ms)?))
    }

    /// The bound to make durable next, when half of the window or less is left; ``None`` when nothing is to be written.
    fn persist_request(&self, wall_ms: &Bound<'_, PyAny>) -> PyResult<Option<HlcTime>> {
        Ok(self.0.persist_request(wall(wall_ms)?).map(HlcTime))
    }

    /// The bound is durable. Lower ones than before do nothing.
    fn persisted(&self, bound: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.persisted(time("bound", bound)?);
        Ok(())
    }

    /// The wall clock's forward jump is right: believe readings up to this one.
    fn accept_jump(&self, wall_ms: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.accept_jump(wall(wall_ms)?);
        Ok(())
    }

    /// Sets the clock *back* to ``floor``: the way out for a cluster that was poisoned, and nothing else. Returns the newest
    /// stamp that was given up, or ``None`` when ``floor`` is not below it, which does nothing.
    ///
    /// Stamps given from now on may repeat or precede earlier ones. So stop every node that exchanges stamps, delete or
    /// rewrite what carries stamps from the future, reset all, and start again.
    fn reset_floor(&self, floor: &Bound<'_, PyAny>) -> PyResult<Option<HlcTime>> {
        Ok(self.0.reset_floor(time("floor", floor)?).map(HlcTime))
    }

    fn __repr__(&self) -> String {
        format!("<Hlc last {:?}>", self.0.peek())
    }
}

fn wall(wall_ms: &Bound<'_, PyAny>) -> PyResult<Wall> {
    arg::number("wall_ms", wall_ms).map(Wall::from_ms)
}

fn time(name: &str, value: &Bound<'_, PyAny>) -> PyResult<lamport::HlcTime> {
    Ok(arg::class::<HlcTime>(name, value)?.get().0)
}

fn given(py: Python<'_>, stamp: Result<lamport::HlcTime, lamport::ClockError>) -> PyResult<HlcTime> {
    stamp.map(HlcTime).map_err(|refusal| error::clock(py, refusal))
}
