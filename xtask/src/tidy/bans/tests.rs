use super::check;
use crate::{tidy::tokens::lex, workspace::File};

fn findings(path: &str, text: &str) -> Vec<String> {
    let tokens = lex(text).expect("snippets are Rust");
    let mut advice: Vec<_> =
        check(&File::of(path, text), &tokens).into_iter().map(|finding| finding.advice).collect();
    advice.dedup();
    advice
}

const BANNED_IN_CORES: [&str; 14] = [
    "use std::net::TcpStream;",
    "use std::{fs, mem};",
    "use std::{io::{self}, thread::{Builder, sleep}};",
    "fn f() { ::std::thread::yield_now() }",
    "use std::time::Duration;",
    "use alloc::collections::BTreeMap; use std::collections::HashMap;",
    "struct S { set: HashSet<u64> }",
    "fn f() { let t = Instant::now(); }",
    "fn f() -> SystemTime { x }",
    "fn f() { let x: u8 = rand::random(); }",
    "use rand::Rng;",
    "fn f() { thread_rng(); }",
    "fn f() { println!(\"x\"); }",
    "macro_rules! m { () => { eprintln!(\"x\") } }",
];

#[test]
fn a_core_knows_neither_the_world_nor_chance() {
    for text in BANNED_IN_CORES {
        assert_eq!(findings("raft-core/src/log.rs", text).len(), 1, "{text}");
        assert_eq!(findings("storage/src/log.rs", text), [""; 0], "{text}");
        assert_eq!(
            findings("raft-core/examples/own_loop.rs", text),
            [""; 0],
            "{text}: an example is a caller"
        );
    }
}

#[test]
fn what_a_core_may_say() {
    let text = "//! A HashMap, std::net and Instant::now in words.\nuse core::time::Duration;\n\
        use alloc::collections::{BTreeMap, BTreeSet};\nuse machine_core::{Instant, Rng};\n\
        fn f(now: Instant) -> &'static str { let rand = 1; \"std::fs println! HashMap\" }";
    assert_eq!(findings("raft-core/src/log.rs", text), [""; 0]);
}

#[test]
fn tests_of_a_core_may_touch_files_but_not_chance() {
    for path in ["raft-core/tests/paper.rs", "raft-core/src/log/tests.rs"] {
        assert_eq!(findings(path, "use std::{fs, thread};"), [""; 0], "{path}");
        assert_eq!(findings(path, "use std::collections::HashMap;").len(), 1, "{path}");
    }
}

#[test]
fn threads_meet_in_transport_only() {
    for text in
        ["use crossbeam_channel::bounded;", "type M = parking_lot::Mutex<u8>;", "use {parking_lot, bytes};"]
    {
        assert_eq!(findings("transport/src/sync.rs", text), [""; 0], "{text}");
        assert_eq!(findings("agent/src/node.rs", text).len(), 1, "{text}");
    }
}

#[test]
fn bincode_has_no_home_yet() {
    assert_eq!(findings("agent/src/trace.rs", "fn f() { bincode::serialize(&1) }").len(), 1);
}

#[test]
fn the_finding_names_line_and_name() {
    let text = "\n\nuse std::fs;";
    let found = check(&File::of("raft-core/src/log.rs", text), &lex(text).expect("Rust"));
    let shown = found.first().expect("fires").to_string();
    assert!(shown.starts_with("raft-core/src/log.rs:3: `std::fs` is banned here; "), "{shown}");
}
