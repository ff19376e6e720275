//! A node that cannot start says what is wrong, names it, and changes nothing.

mod common;

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

use common::{Processes, file_names, quorate, refused, wait_for};

const ONE: &str = "1=127.0.0.1:1";

fn node(arguments: &[&str]) -> Command {
    let mut command = quorate();
    command.arg("node").args(arguments);
    command
}

#[test]
fn wrong_flags_are_named_with_what_to_do() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let dir = dir.path().to_str().expect("a plain name");
    for (id, peers, clients, code, says) in [
        ("0", ONE, ONE, 2, "ids are whole numbers from 1 on"),
        ("x", ONE, ONE, 2, "ids are whole numbers from 1 on"),
        ("1", "", ONE, 2, "no node is named"),
        ("1", "1=nowhere", ONE, 2, "it has no port"),
        ("1", "1=127.0.0.1:1,1=127.0.0.1:2", ONE, 2, "n1 is named twice"),
        ("1", "1=127.0.0.1:1,2=127.0.0.1:1", ONE, 2, "both have the address 127.0.0.1:1"),
        ("2", ONE, ONE, 1, "n2 is not among the clients' addresses"),
        ("2", ONE, "2=127.0.0.1:0", 1, "n2 is not among the peers 1=127.0.0.1:1"),
        ("1", ONE, "1=127.0.0.1:0,2=127.0.0.1:2", 1, "name the same ids in both"),
    ] {
        let arguments = ["--id", id, "--peers", peers, "--clients", clients, "--dir", dir];
        let said = refused(&mut node(&arguments), code);
        assert!(said.contains(says), "{arguments:?} says:\n{said}\nwhich lacks {says:?}");
        assert_eq!(file_names(dir.as_ref()), [""; 0], "{arguments:?} left something behind");
    }
}

#[test]
fn timeouts_that_cannot_work_are_named() {
    let processes = Processes::prepare(1);
    for (flags, says) in [
        (["--election-timeout-min", "500"], "must be below election_timeout_max"),
        (["--heartbeat", "200"], "at most half of election_timeout_min"),
        (["--heartbeat", "0"], "must be above zero"),
    ] {
        let said = refused(processes.node(0).args(flags), 1);
        assert!(said.contains(says), "{flags:?} says:\n{said}");
    }
}

#[test]
fn an_occupied_port_is_named_whichever_it_is() {
    let processes = Processes::prepare(1);
    for address in [processes.peers[0], processes.clients[0]] {
        let taken = TcpListener::bind(address).expect("it was free a moment ago");
        let said = refused(&mut processes.node(0), 3);
        assert!(said.contains(&address.to_string()) && said.contains("choose another port"), "{said}");
        drop(taken);
    }
}

#[test]
fn a_folder_in_use_is_refused_and_whoever_uses_it_goes_on() {
    let mut processes = Processes::start(1);
    // The same folder and node, at other ports.
    let mut other = Processes::prepare(1);
    std::mem::swap(&mut processes.peers, &mut other.peers);
    std::mem::swap(&mut processes.clients, &mut other.clients);
    let mut second = processes.node(0);
    std::mem::swap(&mut processes.peers, &mut other.peers);
    std::mem::swap(&mut processes.clients, &mut other.clients);
    let said = refused(&mut second, 1);
    assert!(said.contains("another process has this log open"), "{said}");
    assert!(processes.append("still here\n").status.success());
}

#[test]
fn the_folder_of_another_node_or_cluster_or_version_is_refused_untouched() {
    let mut processes = Processes::start(1);
    assert!(processes.append("a line\n").status.success());
    assert_eq!(processes.stop(0), Some(0), "{}", processes.log(0));
    let dir = processes.data(0);
    let before = contents(&dir);

    let said = refused(processes.node(0).args(["--cluster", "2"]), 1);
    assert!(said.contains("belongs to cluster 0x1, this is cluster 0x2"), "{said}");
    let (peer, client) = (processes.peers[0], processes.clients[0]);
    let flags = ["--id", "2", "--peers", &format!("2={peer}"), "--clients", &format!("2={client}")];
    let said = refused(node(&flags).arg("--dir").arg(&dir), 1);
    assert!(said.contains("belongs to node n1, this is node n2"), "{said}");
    assert_eq!(contents(&dir), before, "a refused folder is left as it was");

    for segment in segments(&dir) {
        let mut bytes = fs::read(&segment).expect("a segment");
        bytes[12..16].copy_from_slice(&7_u32.to_le_bytes());
        let checksum = crc32c::crc32c_append(crc32c::crc32c(&bytes[..8]), &bytes[12..512]);
        bytes[8..12].copy_from_slice(&checksum.to_le_bytes());
        fs::write(&segment, &bytes).expect("a segment");
    }
    let said = refused(&mut processes.node(0), 1);
    assert!(said.contains("written in format version 7"), "{said}");
    for segment in segments(&dir) {
        let mut bytes = fs::read(&segment).expect("a segment");
        bytes[100] ^= 1;
        fs::write(&segment, &bytes).expect("a segment");
    }
    let said = refused(&mut processes.node(0), 1);
    assert!(said.contains("no sound segment header") && said.contains("nothing was trimmed"), "{said}");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let processes = Processes::prepare(1);
    // A file where the folder should be: refused even to root.
    fs::write(processes.data(0), "not a folder").expect("a file in our own folder");
    let said = refused(&mut processes.node(0), 1);
    assert!(said.contains(processes.data(0).to_str().expect("a plain name")), "{said}");

    let processes = Processes::prepare(1);
    let closed = processes.data(0);
    fs::create_dir(&closed).expect("a folder in our own folder");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).expect("it is ours");
    if fs::write(closed.join("probe"), "").is_ok() {
        // Permissions do not bind root: what remains is the case above.
        return;
    }
    let said = refused(&mut processes.node(0), 1);
    assert!(said.contains("ermission denied"), "{said}");
}

#[test]
fn a_node_stops_on_sigterm_and_says_so() {
    let mut processes = Processes::start(1);
    let process = processes.process_id(0).to_string();
    let killed = Command::new("kill").args(["-TERM", &process]).stdout(Stdio::null()).status();
    assert!(killed.expect("the system has kill").success());
    wait_for("end of the node", || (!processes.runs(0)).then_some(()));
    let log = processes.log(0);
    assert!(log.contains("n1: stops on SIGTERM") && log.contains("n1: stopped"), "{log}");
}

fn contents(dir: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    file_names(dir)
        .into_iter()
        .map(|name| (name.clone(), fs::read(dir.join(&name)).expect("a file")))
        .collect()
}

fn segments(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let files = file_names(dir).into_iter().map(|name| dir.join(name));
    let segments: Vec<_> =
        files.filter(|file| fs::metadata(file).is_ok_and(|file| file.len() > 4096)).collect();
    assert!(!segments.is_empty(), "a log has segments");
    segments
}
