use alloc::collections::BTreeMap;

use crate::{ClockError, Defect, Dot, VersionVector};

/// Most messages of one sender that are held back unless it is told otherwise: 1,024.
const HELD_PER_SENDER_MAX: u64 = 1 << 10;

/// What goes with a broadcast message: how many messages of each member its sender had delivered, its own up to and
/// including this one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Header<I = u64>(pub VersionVector<I>);

/// What became of a message that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Receipt {
    /// It will come out of [`CausalBuffer::poll_deliver`] once everything before it has.
    Kept,
    /// It was here before, or came from ourselves.
    Duplicate,
}

/// Causal broadcast: messages come out in an order in which none comes before one that its sender had seen (Birman,
/// Schiper and Stephenson 1991, the protocol with one vector a message).
///
/// Duplicates and any order of arrival are fine. What is lost must be sent again by somebody: [`CausalBuffer::delivered`]
/// says what is here, and [`VersionVector::missing_from`] what somebody else lacks. Messages that wait are bounded for
/// each sender, so that none can crowd out the others. The membership is fixed: another one is another buffer, begun at
/// what was delivered.
///
/// ```
/// use lamport::{CausalBuffer, Receipt};
///
/// let group = [1, 2, 3];
/// let [mut ann, mut bob, mut cid] = group.map(|own| CausalBuffer::new(own, group));
/// let question = ann.broadcast()?;
/// bob.receive(&1, question.clone(), "question")?;
/// bob.poll_deliver().expect("nothing comes before it");
/// let answer = bob.broadcast()?;
///
/// cid.receive(&2, answer, "answer")?;
/// assert_eq!(cid.poll_deliver(), None, "its question is missing");
/// cid.receive(&1, question, "question")?;
/// assert_eq!(cid.poll_deliver().map(|(_, message)| message), Some("question"));
/// assert_eq!(cid.poll_deliver().map(|(_, message)| message), Some("answer"));
/// # Ok::<(), lamport::ClockError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CausalBuffer<I, M> {
    own: I,
    delivered: VersionVector<I>,
    /// Of each member but ourselves, what has arrived and not been delivered, by number.
    held: BTreeMap<I, BTreeMap<u64, (VersionVector<I>, M)>>,
    /// How far ahead of the next one a sender's message may be.
    window: u64,
    /// Who was delivered last: the search goes on behind it, so that nobody waits for ever.
    last: Option<I>,
}

impl<I: Ord + Clone, M> CausalBuffer<I, M> {
    /// A member `own` of the group `members`, before the first message.
    #[must_use]
    pub fn new(own: I, members: impl IntoIterator<Item = I>) -> Self {
        Self::resume(own, members, VersionVector::new())
    }

    /// A member that has the state after all that `delivered` says, its own messages included.
    #[must_use]
    pub fn resume(own: I, members: impl IntoIterator<Item = I>, delivered: VersionVector<I>) -> Self {
        let others = members.into_iter().filter(|member| *member != own);
        let held = others.map(|member| (member, BTreeMap::new())).collect();
        Self { own, delivered, held, window: HELD_PER_SENDER_MAX, last: None }
    }

    /// At most so many messages of one sender wait, at least 1. Default 1,024.
    #[must_use]
    pub fn with_held_per_sender_max(self, messages: usize) -> Self {
        Self { window: (messages as u64).max(1), ..self }
    }

    /// Everything that was delivered here, our own messages included.
    #[must_use]
    pub const fn delivered(&self) -> &VersionVector<I> {
        &self.delivered
    }

    /// How many messages wait for others, or to be polled.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.values().map(BTreeMap::len).sum()
    }

    /// The header of a message of our own, to be sent with it to every other member. The message counts as delivered
    /// here.
    ///
    /// # Errors
    ///
    /// [`ClockError::Exhausted`] after 2^64 - 1 messages. Nothing has changed.
    pub fn broadcast(&mut self) -> Result<Header<I>, ClockError> {
        self.delivered.tick(&self.own)?;
        Ok(Header(self.delivered.clone()))
    }

    /// A message of the member `from` arrives, whoever has forwarded it.
    ///
    /// # Errors
    ///
    /// Nothing has changed:
    /// [`ClockError::UnknownMember`] when the sender, or one whose message it says to follow, is not of the group;
    /// [`ClockError::OwnIdFromFuture`] when it, or what it follows, is a message of ours that we have not sent;
    /// [`ClockError::TooManyEntries`] when it is so many messages ahead of the sender's next one that it may not wait: have
    /// it sent again later;
    /// [`ClockError::Malformed`] when the header does not count its own message.
    pub fn receive(&mut self, from: &I, header: Header<I>, message: M) -> Result<Receipt, ClockError> {
        let Header(clock) = header;
        let issued = self.delivered.get(&self.own);
        let claimed = clock.get(&self.own);
        if claimed > issued {
            return Err(ClockError::OwnIdFromFuture { claimed, issued });
        }
        let mut news = clock.missing_from(&self.delivered);
        if news.any(|(id, _)| !self.held.contains_key(id)) {
            return Err(ClockError::UnknownMember);
        }
        drop(news);
        if *from == self.own {
            return Ok(Receipt::Duplicate);
        }
        let held = self.held.get_mut(from).ok_or(ClockError::UnknownMember)?;
        let n = clock.get(from);
        if n == 0 {
            return Err(ClockError::Malformed { at: 0, defect: Defect::Zero });
        }
        let Some(ahead) = n.checked_sub(self.delivered.get(from)).filter(|ahead| *ahead > 0) else {
            return Ok(Receipt::Duplicate);
        };
        // A window, and not a count: a count could be used up by messages that all wait for the one it then refuses.
        if ahead > self.window {
            return Err(ClockError::TooManyEntries {
                limit: usize::try_from(self.window).unwrap_or(usize::MAX),
            });
        }
        if held.contains_key(&n) {
            return Ok(Receipt::Duplicate);
        }
        held.insert(n, (clock, message));
        Ok(Receipt::Kept)
    }

    /// The next message whose whole past has been delivered, and which one it is; it counts as delivered now.
    pub fn poll_deliver(&mut self) -> Option<(Dot<I>, M)> {
        let from = self.next_sender()?.clone();
        let held = self.held.get_mut(&from)?;
        let (n, (_, message)) = held.pop_first()?;
        let dot = Dot::new(from.clone(), n)?;
        self.delivered.set_max(dot.clone());
        self.last = Some(from);
        Some((dot, message))
    }

    /// The first sender behind the last one, and round again, of whom a message can be delivered.
    fn next_sender(&self) -> Option<&I> {
        let behind = |id: &&I| self.last.as_ref().is_none_or(|last| *id > last);
        let senders = || self.held.keys().filter(|id| self.is_ready(id));
        senders().find(behind).or_else(|| senders().next())
    }

    /// Whether the sender's oldest message that is held is its next one, and follows nothing that is missing.
    fn is_ready(&self, from: &I) -> bool {
        let oldest = self.held.get(from).and_then(BTreeMap::first_key_value);
        oldest.is_some_and(|(n, (clock, _))| {
            let mut missing = clock.missing_from(&self.delivered);
            let itself = missing.next().is_some_and(|(id, range)| id == from && range == (*n..=*n));
            itself && missing.next().is_none()
        })
    }
}

#[cfg(test)]
mod tests;
