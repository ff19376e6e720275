//! A real file system without room: a small tmpfs, in a mount namespace of the node's own.

mod common;

use std::{
    fs,
    process::{Command, Stdio},
    thread,
};

use common::{Processes, skip, wait_for};

/// Mounts, runs the node until it stops, and says how it ended; runs it again when there is room. `$0` is the folder, `$1`
/// where to say, `$2` the file that appears when there is to be room.
const SCRIPT: &str = r#"
    mkdir -p "$0" && mount -t tmpfs -o size=24m quorate "$0" || exit 99
    said="$1" room="$2"; shift 2
    "$@"
    echo $? > "$said"
    while [ ! -e "$room" ] && [ -d "${room%/*}" ]; do sleep 0.05; done
    mount -o remount,size=256m quorate "$0" || exit 99
    exec "$@"
"#;

#[test]
fn a_node_on_a_full_file_system_stops_and_goes_on_when_there_is_room() {
    let unshare = ["--user", "--map-root-user", "--mount"];
    let tried = Command::new("unshare")
        .args(unshare)
        .args(["mount", "-t", "tmpfs", "quorate", "/mnt"])
        .stderr(Stdio::null())
        .status();
    if !tried.is_ok_and(|status| status.success()) {
        return skip("a node on a full file system", "no mount namespace of one's own is allowed here");
    }
    let mut processes = Processes::prepare(1);
    let (data, said, room) =
        (processes.data(0), processes.dir.path().join("said"), processes.dir.path().join("room"));
    let paths = [&data, &said, &room].map(|path| path.to_str().expect("a plain name"));
    let under = [&["unshare"], &unshare[..], &["sh", "-c", SCRIPT], &paths].concat();
    processes.spawn_under(&under, 0);

    // 60 KB each, 30 MB in all, where there is room for one segment of 16 MiB and not for two.
    let lines: Vec<_> = (0..500).map(|line| format!("{line:05} {}", "x".repeat(60_000))).collect();
    thread::scope(|scope| {
        let append = scope.spawn(|| processes.append(&lines.join("\n")));
        let code = wait_for("node that stops", || {
            fs::read_to_string(&said).ok().filter(|code| code.ends_with('\n'))
        });
        let log = processes.log(0);
        assert_eq!(code, "1\n", "{log}");
        assert!(log.contains("No space left on device") && log.contains("free space"), "{log}");
        fs::write(&room, "").expect("a file in our own folder");
        let output = append.join().expect("it does not fail");
        assert!(output.status.success(), "{output:?}");
    });
    processes.assert_all_have(&lines);
}
