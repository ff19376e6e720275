//! A disk that fails or is full: the node stops and says so, and nothing acknowledged is lost. In one process, on a
//! disk in memory, so that every operation can be made to fail.

use std::{
    io::{self, IoSlice},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use agent::{
    ClientId, ClusterId, Node, NodeConfig, NodeId,
    entry::LineEntry,
    protocol::{Batch, Refusal},
    wall::{now, pause},
};
use storage::{
    Disk, Fate, Fault, FaultDisk, MemoryDisk,
    disk::{MemoryFile, Operation},
};

const PATIENCE: Duration = Duration::from_secs(60);
const CLIENT: ClientId = ClientId::new(5);

/// A disk that the test can still reach while a node has it.
#[derive(Clone)]
struct Shared(Arc<Mutex<FaultDisk<MemoryDisk>>>);

impl Shared {
    fn new(disk: MemoryDisk) -> Self {
        Self(Arc::new(Mutex::new(FaultDisk::new(disk))))
    }

    fn disk(&self) -> MutexGuard<'_, FaultDisk<MemoryDisk>> {
        self.0.lock().expect("nobody panics with it")
    }

    fn change(&self, change: impl FnOnce(FaultDisk<MemoryDisk>) -> FaultDisk<MemoryDisk>) {
        let mut disk = self.disk();
        *disk = change(disk.clone());
    }

    /// The power fails; what was not synced is gone, and the disk is mended.
    fn after_power_failure(&self) -> MemoryDisk {
        let mut disk = self.disk().clone().into_inner();
        disk.crash(|_| Fate::Lost);
        disk
    }
}

impl Disk for Shared {
    type File = MemoryFile;

    fn place(&self) -> String {
        self.disk().place()
    }

    fn lock(&mut self) -> io::Result<()> {
        self.disk().lock()
    }

    fn list(&mut self) -> io::Result<Vec<String>> {
        self.disk().list()
    }

    fn create(&mut self, name: &str) -> io::Result<MemoryFile> {
        self.disk().create(name)
    }

    fn open(&mut self, name: &str) -> io::Result<MemoryFile> {
        self.disk().open(name)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.disk().rename(from, to)
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.disk().remove(name)
    }

    fn sync_dir(&mut self) -> io::Result<()> {
        self.disk().sync_dir()
    }

    fn length(&mut self, file: &MemoryFile) -> io::Result<u64> {
        self.disk().length(file)
    }

    fn allocate(&mut self, file: &MemoryFile, bytes: u64) -> io::Result<()> {
        self.disk().allocate(file, bytes)
    }

    fn read_at(&mut self, file: &MemoryFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.disk().read_at(file, buffer, offset)
    }

    fn write_at(&mut self, file: &MemoryFile, buffers: &[IoSlice<'_>], offset: u64) -> io::Result<usize> {
        self.disk().write_at(file, buffers, offset)
    }

    fn sync(&mut self, file: &MemoryFile) -> io::Result<()> {
        self.disk().sync(file)
    }
}

fn start(disk: Shared) -> Result<Node, agent::StartError> {
    let peers = "1=127.0.0.1:0".parse().expect("a list of one");
    let config = NodeConfig::new(NodeId::of(1), ClusterId::new(1), peers, "in memory")
        .with_election_timeout(Duration::from_millis(10), Duration::from_millis(20))
        .with_heartbeat_interval(Duration::from_millis(2));
    Node::start_on(config, disk, |_| {})
}

/// Appends one line; waits for leadership, which a node alone takes by itself.
fn append(node: &Node, sequence: u64, line: &[u8]) -> Result<(), String> {
    let batch = Batch::new(CLIENT, sequence, [line]).expect("a short line");
    let deadline = now() + PATIENCE;
    loop {
        let answer = node.handle().append(&batch).wait_timeout(PATIENCE).expect("an answer in time");
        match answer {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(Refusal::NotLeader { .. } | Refusal::NoQuorum)) => {
                assert!(now() < deadline, "a node alone does not lead after {PATIENCE:?}");
                pause(Duration::from_millis(1));
            }
            Ok(Err(refusal)) => return Err(refusal.to_string()),
            Err(abandoned) => return Err(abandoned.to_string()),
        }
    }
}

/// Every line that this node has on its disk, after it leads and has applied all.
fn lines(node: &Node, next_sequence: u64) -> Vec<Vec<u8>> {
    append(node, next_sequence, b"the end").expect("a sound disk takes a line");
    let (mut lines, mut from) = (Vec::new(), 1);
    loop {
        let answer = node.handle().list(from, usize::MAX).wait_timeout(PATIENCE).expect("an answer in time");
        let chunk = answer.expect("the node lives").expect("the log can be read");
        if chunk.next == from {
            assert_eq!(lines.pop().as_deref(), Some(&b"the end"[..]));
            return lines;
        }
        from = chunk.next;
        for entry in chunk.entries {
            let line = LineEntry::decode(&entry.payload).expect("only lines were appended");
            if line.sequence == lines.len() as u64 + 1 {
                lines.push(line.line.to_vec());
            }
        }
    }
}

/// The k-th operation fails, for k = 1, 2, … until a whole run has no k-th operation.
#[test]
fn whichever_operation_fails_what_was_acknowledged_is_there_afterwards() {
    for fault in [Fault::InputOutput, Fault::NoSpace] {
        let mut operation = 0;
        loop {
            operation += 1;
            let disk = Shared::new(MemoryDisk::new());
            disk.change(|disk| disk.with_fault(operation, fault));
            let mut acknowledged = Vec::new();
            let mut said = String::new();
            if let Ok(node) = start(disk.clone()).map_err(|error| said = error.to_string()) {
                for sequence in 1..=4 {
                    let line = format!("line {sequence}").into_bytes();
                    match append(&node, sequence, &line) {
                        Ok(()) => acknowledged.push(line),
                        Err(why) => {
                            said = why;
                            break;
                        }
                    }
                }
                let stopped = node.stop();
                assert_eq!(said.is_empty(), stopped.is_ok(), "{fault:?} {operation}: {said:?}, {stopped:?}");
            }
            let struck = disk.disk().struck().to_vec();
            let mended = start(Shared::new(disk.after_power_failure()));
            let mended = mended.unwrap_or_else(|error| panic!("{fault:?} {operation} {struck:?}: {error}"));
            let sent = 4.min(acknowledged.len() + 1);
            let found = lines_after(&mended, &acknowledged, sent);
            assert!(found.starts_with(&acknowledged), "{fault:?} {operation} {struck:?}: {found:?}");
            if disk.disk().operations() < operation {
                assert_eq!(acknowledged.len(), 4, "nothing failed");
                break;
            }
        }
        // Opening takes some, and each of the four lines a write and a sync; how many more depends on what shares a sync.
        assert!(operation > 12, "{fault:?}: only {operation} operations; was the disk used at all?");
    }
}

/// What is there: the acknowledged lines, and perhaps the one whose fate was not told.
fn lines_after(node: &Node, acknowledged: &[Vec<u8>], sent: usize) -> Vec<Vec<u8>> {
    let first_unsure = acknowledged.len() as u64 + 1;
    if sent > acknowledged.len() {
        // Sent again, as a client would: it counts once, whether it was there or not.
        append(node, first_unsure, format!("line {first_unsure}").as_bytes())
            .expect("a sound disk takes a line");
    }
    lines(node, sent as u64 + 1)
}

#[test]
fn a_full_disk_stops_the_node_with_its_reason_and_room_brings_it_back() {
    let disk = Shared::new(MemoryDisk::new());
    let node = start(disk.clone()).expect("an empty disk is fine");
    append(&node, 1, b"before").expect("there is room");
    disk.change(|disk| disk.with_fault_on(Operation::Allocate, Fault::NoSpace));
    let line = vec![b'x'; 60_000];
    let mut acknowledged = 1;
    let refused = loop {
        match append(&node, acknowledged + 1, &line) {
            Ok(()) => acknowledged += 1,
            Err(refused) => break refused,
        }
        assert!(acknowledged < 2_000, "120 MB fit a segment of 16 MiB?");
    };
    assert!(acknowledged > 100, "the segment that was there takes {acknowledged} lines only");
    assert!(refused.contains("no room for another segment"), "{refused}");
    let stopped = node.wait().expect_err("it stopped by itself").to_string();
    assert!(stopped.contains("free space"), "{stopped}");

    let mended = start(Shared::new(disk.after_power_failure())).expect("what was durable is sound");
    let found = lines(&mended, acknowledged + 1);
    assert_eq!(found.len() as u64, acknowledged);
    assert!(found[0] == b"before" && found[1..].iter().all(|found| *found == line));
}
