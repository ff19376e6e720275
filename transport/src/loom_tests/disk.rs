use std::{fmt, time::Duration};

use loom::thread::{self, JoinHandle};
use machine_core::WriteId;

use super::{Bed, every_interleaving};
use crate::{
    DiskWorker,
    disk::{Disk, End},
    signal::Signal,
    sync::{Arc, Mutex},
};

/// What the "platter" holds, seen from outside the disk thread.
#[derive(Debug, Default)]
pub(super) struct Platter {
    pub(super) written: Vec<u64>,
    pub(super) durable: Vec<u64>,
    pub(super) syncs: u32,
}

/// A worker whose sync fails when it is the `failing`th.
pub(super) struct Log {
    pub(super) platter: Arc<Mutex<Platter>>,
    pub(super) failing: u32,
}

#[derive(Debug, PartialEq)]
pub(super) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

impl DiskWorker for Log {
    type Write = u64;
    type Read = u64;
    type Fetched = bool;
    type Error = Broken;

    fn write(&mut self, write: u64) -> Result<(), Broken> {
        self.platter.lock().written.push(write);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Broken> {
        let mut platter = self.platter.lock();
        platter.syncs += 1;
        if platter.syncs == self.failing {
            return Err(Broken);
        }
        platter.durable = platter.written.clone();
        Ok(())
    }

    fn read(&mut self, read: u64) -> Result<bool, Broken> {
        Ok(self.platter.lock().written.contains(&read))
    }
}

type Started = (Disk<Log>, Arc<Mutex<Platter>>, JoinHandle<()>);

pub(super) fn start(bytes_max: usize, failing: u32, signal: Arc<Signal>) -> Started {
    start_with(bytes_max, Duration::ZERO, failing, signal)
}

fn start_with(bytes_max: usize, inline_sync_max: Duration, failing: u32, signal: Arc<Signal>) -> Started {
    let platter = Arc::new(Mutex::new(Platter::default()));
    let (disk, exchange) = Disk::new(bytes_max, inline_sync_max, signal);
    let log = Log { platter: platter.clone(), failing };
    (disk, platter, thread::spawn(move || exchange.serve(log)))
}

fn write(disk: &mut Disk<Log>, id: u64) {
    disk.write(WriteId::new(id), 1, id);
}

#[test]
fn acknowledged_only_after_the_sync_and_never_forgotten() {
    every_interleaving(|| {
        let (bed, signal) = Bed::new();
        let (mut disk, platter, thread) = start(8, 0, signal.clone());
        write(&mut disk, 1);
        disk.submit(false);
        write(&mut disk, 2);
        write(&mut disk, 3);
        disk.submit(false);
        loop {
            if let Some(durable) = disk.collect().durable {
                assert!(
                    platter.lock().durable.contains(&durable.get()),
                    "{durable} was acknowledged too early"
                );
                if durable.get() == 3 {
                    break;
                }
            }
            bed.sleep(&signal);
        }
        let platter = platter.lock();
        assert_eq!(platter.durable, [1, 2, 3], "in order");
        assert!(platter.syncs <= 2, "one sync for a turn's writes");
        drop(platter);
        disk.close();
        thread.join().expect("the worker does not panic");
    });
}

#[test]
fn a_full_queue_finds_room_again() {
    every_interleaving(|| {
        let (bed, signal) = Bed::new();
        let (mut disk, platter, thread) = start(1, 0, signal.clone());
        for id in 1..=2 {
            while !disk.has_room() {
                bed.sleep(&signal);
                drop(disk.collect());
            }
            write(&mut disk, id);
            disk.submit(false);
        }
        drop(disk);
        thread.join().expect("the worker does not panic");
        assert_eq!(platter.lock().durable, [1, 2], "no write is lost for want of room");
    });
}

#[test]
fn closing_drains_what_was_submitted() {
    every_interleaving(|| {
        let (_bed, signal) = Bed::new();
        let (mut disk, platter, thread) = start(8, 0, signal);
        write(&mut disk, 1);
        disk.submit(false);
        write(&mut disk, 2);
        disk.submit(false);
        disk.close();
        thread.join().expect("the worker does not panic");
        let report = disk.collect();
        assert_eq!(report.durable, Some(WriteId::new(2)));
        assert!(matches!(report.end, Some(End::Closed)), "it ended as asked");
        assert_eq!(platter.lock().durable, [1, 2]);
    });
}

#[test]
fn a_failed_sync_acknowledges_nothing_and_wakes_the_driver() {
    every_interleaving(|| {
        let (bed, signal) = Bed::new();
        let (mut disk, platter, thread) = start(8, 2, signal.clone());
        write(&mut disk, 1);
        disk.submit(false);
        write(&mut disk, 2);
        disk.submit(false);
        let mut acknowledged = WriteId::NONE;
        // One or two groups: without a second sync nothing fails.
        loop {
            let report = disk.collect();
            acknowledged = acknowledged.max(report.durable.unwrap_or_default());
            match report.end {
                Some(End::Failed(Broken)) => break,
                Some(other) => panic!("ended by {other:?}"),
                None if acknowledged.get() == 2 => break,
                None => bed.sleep(&signal),
            }
        }
        let platter = platter.lock();
        assert_eq!(
            platter.durable.last().copied().unwrap_or(0),
            acknowledged.get(),
            "exactly what was synced"
        );
        drop(platter);
        disk.close();
        thread.join().expect("the worker does not panic");
    });
}

#[test]
fn a_question_sees_the_writes_before_it_and_is_answered() {
    every_interleaving(|| {
        let (bed, signal) = Bed::new();
        let (mut disk, _platter, thread) = start(8, 0, signal.clone());
        write(&mut disk, 1);
        disk.read(1);
        disk.submit(false);
        let mut answers = Vec::new();
        while answers.is_empty() {
            answers = disk.collect().fetched;
            if answers.is_empty() {
                bed.sleep(&signal);
            }
        }
        assert_eq!(answers, [Ok(true)]);
        disk.close();
        thread.join().expect("the worker does not panic");
    });
}

/// A disk whose first write is durable, so that it is known to be fast.
fn start_fast(failing: u32, bed: &Bed, signal: &Arc<Signal>) -> Started {
    let (mut disk, platter, thread) = start_with(8, Duration::MAX, failing, signal.clone());
    write(&mut disk, 1);
    disk.submit(true);
    while disk.collect().durable.is_none() {
        bed.sleep(signal);
    }
    (disk, platter, thread)
}

#[test]
fn writes_of_both_threads_keep_their_order_and_the_worker_is_never_lost() {
    every_interleaving(|| {
        let (bed, signal) = Bed::new();
        let (mut disk, platter, thread) = start_fast(0, &bed, &signal);
        write(&mut disk, 2);
        disk.submit(false);
        // The thread may not even have noticed the write before this one.
        for id in 3..=4 {
            write(&mut disk, id);
            disk.submit(true);
            disk.commit_inline();
            disk.idle();
        }
        loop {
            if let Some(durable) = disk.collect().durable {
                assert!(
                    platter.lock().durable.contains(&durable.get()),
                    "{durable} was acknowledged too early"
                );
                if durable.get() == 4 {
                    break;
                }
            }
            if !disk.has_report() {
                bed.sleep(&signal);
            }
        }
        assert_eq!(platter.lock().durable, [1, 2, 3, 4], "in order");
        disk.close();
        thread.join().expect("the worker does not panic");
        assert!(matches!(disk.collect().end, Some(End::Closed)));
    });
}

#[test]
fn an_inline_sync_that_fails_acknowledges_nothing_and_ends_the_thread() {
    every_interleaving(|| {
        let (bed, signal) = Bed::new();
        let (mut disk, platter, thread) = start_fast(2, &bed, &signal);
        write(&mut disk, 2);
        disk.submit(true);
        disk.commit_inline();
        let end = loop {
            let report = disk.collect();
            assert_eq!(report.durable, None);
            match report.end {
                Some(end) => break end,
                None => bed.sleep(&signal),
            }
        };
        assert!(matches!(end, End::Failed(Broken)), "{end:?}");
        assert_eq!(platter.lock().durable, [1]);
        disk.close();
        thread.join().expect("the worker does not panic");
    });
}
