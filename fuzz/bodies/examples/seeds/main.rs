//! Writes the first inputs of each corpus: golden vectors, plain chance, and what histories of a simulated cluster leave:
//! the messages of real cores in the wire's form, streams of their frames, and real logs after crashes. They lie in
//! `fuzz/found/seeds`; `fuzz/README.md` says how what is new in them gets into the corpora.
//!
//! ```sh
//! cargo run -p quorate-fuzz-bodies --example seeds
//! ```

#![expect(clippy::print_stdout, reason = "a program speaks to its user")]

mod bytes;
mod clocks;
mod histories;
mod logs;
mod traces;

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../found/seeds");
    let scripts = histories::cluster();
    let records = histories::recorded(&scripts);
    for (target, seeds) in [
        ("wire_decode", [bytes::wire(), traces::messages(&records)].concat()),
        ("frame_decode", [bytes::frames(), traces::streams(&records)].concat()),
        ("raft_step", records.iter().map(bodies::raft_cluster::Record::as_calls).collect()),
        ("raft_cluster", scripts),
        ("wal_recover", [logs::logs(), traces::folders(&records)].concat()),
        ("clock_laws", clocks::laws()),
        ("clock_decode", clocks::encodings()),
        ("canary", vec![b"b".to_vec()]),
    ] {
        let folder = root.join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:04}")), seed)?;
        }
        println!("{target}: {} seeds", seeds.len());
    }
    Ok(())
}
