use openraft::{CommittedLeaderId, Entry, EntryPayload, LogId, RaftLogReader, storage::RaftLogStorage};
use tokio::runtime::Builder;

use super::{Log, Types};

fn entry(index: u64) -> Entry<Types> {
    Entry { log_id: id(index), payload: EntryPayload::Blank }
}

fn id(index: u64) -> LogId<u64> {
    LogId::new(CommittedLeaderId::new(1, 0), index)
}

fn read(log: &mut Log, from: u64, to: u64) -> Vec<u64> {
    let runtime = Builder::new_current_thread().build().expect("a thread has a runtime");
    let entries = runtime.block_on(log.try_get_log_entries(from..to)).expect("reading never fails");
    entries.iter().map(|entry| entry.log_id.index).collect()
}

#[test]
fn what_is_there_is_read_and_what_contradicts_is_cut_off() {
    let mut log = Log::new(10);
    log.ring().entries.extend((0..5).map(entry));
    log.ring().first = 0;
    assert_eq!(read(&mut log, 1, 3), [1, 2]);
    assert_eq!(read(&mut log, 3, 9), [3, 4]);
    let runtime = Builder::new_current_thread().build().expect("a thread has a runtime");
    runtime.block_on(log.truncate(id(3))).expect("truncating never fails");
    assert_eq!(read(&mut log, 0, 9), [0, 1, 2]);
}

#[test]
fn indexes_stay_when_old_entries_are_gone() {
    let mut log = Log::new(10);
    log.ring().entries.extend((7..10).map(entry));
    log.ring().first = 7;
    assert_eq!(read(&mut log, 0, 9), [7, 8]);
    assert_eq!(read(&mut log, 9, 12), [9]);
}
