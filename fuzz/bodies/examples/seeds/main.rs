//! Writes the first inputs of each corpus: golden vectors, honest histories, and plain chance. They lie in
//! `fuzz/found/seeds`; `fuzz/README.md` says how what is new in them gets into the corpora.
//!
//! ```sh
//! cargo run -p quorate-fuzz-bodies --example seeds
//! ```

#![expect(clippy::print_stdout, reason = "a program speaks to its user")]

mod bytes;
mod histories;
mod logs;

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../found/seeds");
    for (target, seeds) in [
        ("wire_decode", bytes::wire()),
        ("frame_decode", bytes::frames()),
        ("raft_cluster", histories::cluster()),
        ("raft_step", histories::node()),
        ("wal_recover", logs::logs()),
        ("canary", vec![b"b".to_vec()]),
    ] {
        let folder = root.join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:02}")), seed)?;
        }
        println!("{target}: {} seeds", seeds.len());
    }
    Ok(())
}
