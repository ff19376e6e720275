//! What all contenders have in common: a group that is driven turn by turn.

use bytes::{BufMut, Bytes, BytesMut};

/// A group of replicas in one thread. Replica 0 leads from the start.
pub trait Cluster {
    /// The leader takes in what has come, takes up to `room` new proposals from `load`, and hands out all it owes.
    fn leader_turn(&mut self, load: &mut Load, room: u64) -> Turn;

    /// A follower takes in what has come and hands out all it owes. `follower` counts from 1. One that was told nothing
    /// since its last turn owes nothing, and need not be asked.
    fn follower_turn(&mut self, follower: usize);

    /// Messages sent so far, by all.
    fn messages(&self) -> u64;

    /// What each replica has applied so far; the leader first.
    fn applied(&self) -> Vec<Applied>;

    /// From here on replicas look at what they apply, so that [`Applied::digest`] tells it apart.
    fn look(&mut self);

    /// Time passes: enough for whatever waits for time, too little for an election.
    fn wait(&mut self);
}

/// What a turn of the leader came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Proposals taken.
    pub proposed: u64,
    /// Entries applied at the leader.
    pub applied: u64,
}

/// What a replica has applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Entries of the load.
    pub entries: u64,
    /// Folded from the payloads since [`Cluster::look`].
    pub digest: u64,
    looks: bool,
}

impl Applied {
    /// From here on the payloads are folded into the digest.
    pub const fn look(&mut self) {
        self.looks = true;
    }

    /// Whether payloads must be shown to [`Self::entry`]; otherwise their number is enough.
    #[must_use]
    pub const fn looks(&self) -> bool {
        self.looks
    }

    /// Entries that nobody looks at.
    pub const fn count(&mut self, entries: u64) {
        self.entries += entries;
    }

    /// One entry that is looked at.
    pub fn entry(&mut self, payload: &[u8]) {
        self.entries += 1;
        for chunk in payload.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            // FNV's multiplication, a word at a time.
            self.digest = (self.digest ^ u64::from_le_bytes(word)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// The payloads that clients propose: all of one size, each with its number in front; the numbers come round again
/// after 64.
#[derive(Clone, Debug)]
pub struct Load {
    /// All of a round, one after the other: few enough that reading them costs what reading one would.
    payloads: Vec<u8>,
    bytes: usize,
    taken: u64,
}

/// What is allocated at once for blocks of payloads.
const SPARE_BYTES: usize = 64 << 10;

/// How many different payloads there are.
const ROUND: u64 = 64;

impl Load {
    /// Payloads of `bytes`.
    ///
    /// # Panics
    ///
    /// When `bytes` is below 8: there must be room for the number.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        assert!(bytes >= 8, "a payload has room for its number");
        let mut payloads = Vec::new();
        for number in 0..ROUND {
            payloads.extend_from_slice(&number.to_le_bytes());
            payloads.resize(payloads.len() + bytes - 8, 0x5a);
        }
        Self { payloads, bytes, taken: 0 }
    }

    /// Bytes of each payload.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The next `count` payloads.
    pub fn take(&mut self, count: u64) -> impl Iterator<Item = &[u8]> {
        let first = self.taken;
        self.taken += count;
        let (payloads, bytes) = (&self.payloads[..], self.bytes);
        (first..first + count).map(move |number| {
            let place = usize::try_from(number % ROUND).expect("below a small number") * bytes;
            &payloads[place..place + bytes]
        })
    }

    /// The next `count` payloads, copied into one block, for contenders that take shared blocks. It is cut from `spare`,
    /// which gets room for many at a time.
    ///
    /// # Panics
    ///
    /// When as many do not fit memory.
    pub fn gather(&mut self, count: u64, spare: &mut BytesMut) -> Bytes {
        let bytes = usize::try_from(count).expect("what is outstanding fits memory") * self.bytes;
        if spare.capacity() < bytes {
            spare.reserve(bytes.max(SPARE_BYTES));
        }
        self.take(count).for_each(|payload| spare.put_slice(payload));
        spare.split().freeze()
    }

    /// The last `count` payloads were not wanted and come again.
    pub const fn put_back(&mut self, count: u64) {
        self.taken -= count;
    }

    /// How many payloads were taken.
    #[must_use]
    pub const fn taken(&self) -> u64 {
        self.taken
    }
}
