use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use machine_core::{Instant, NodeId};

use super::ShiViz;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics here").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const N1: NodeId = NodeId::of(1);
const N2: NodeId = NodeId::of(2);

#[test]
fn a_message_carries_what_its_sender_knew() {
    let written = Shared::default();
    let mut log = ShiViz::new(Box::new(written.clone()));
    let now = Instant::from_millis(1);
    log.event(now, N1, format_args!("says a"));
    log.sent(N1, N2, b"a");
    log.event(now, N1, format_args!("says a again"));
    log.sent(N1, N2, b"a");
    log.heard(N2, N1, b"a");
    log.event(now, N2, format_args!("hears a"));
    log.heard(N2, N1, b"never sent");
    log.event(now, N2, format_args!("hears nothing"));
    let text = String::from_utf8(std::mem::take(&mut *written.0.lock().expect("no test panics here")))
        .expect("text");
    let expected = "0.001000000s says a\nn1 {\"n1\":1}\n0.001000000s says a again\nn1 {\"n1\":2}\n\
                    0.001000000s hears a\nn2 {\"n1\":1, \"n2\":1}\n0.001000000s hears nothing\nn2 {\"n1\":1, \"n2\":2}\n";
    assert_eq!(text, expected);
}
