//! The driver's life without sockets: mailbox, disk queue, completions and one signal together.

use loom::thread;
use machine_core::WriteId;

use super::{Bed, disk, every_interleaving};
use crate::{Completer, TrySendError, completion, mailbox::mailbox};

#[test]
fn shutdown_under_load_syncs_acknowledges_and_ends() {
    every_interleaving(|| {
        let (bed, signal) = Bed::new();
        let (sender, inbox) = mailbox::<Completer<u64>>(4, 1, signal.clone());
        let (mut disk, platter, disk_thread) = disk::start(8, 0, signal.clone());
        let closer = sender.clone();

        let client = thread::spawn(move || {
            let (completer, completion) = completion();
            match sender.try_send(completer) {
                Ok(()) => Some(completion.wait().expect("accepted, and the disk is well: so it is answered")),
                Err(TrySendError::Closed(_)) => None,
                Err(TrySendError::Full(_)) => panic!("the mailbox had room"),
            }
        });
        thread::spawn(move || closer.close());

        // As `Driver::work`: disk, mailbox, submit, and out when the mailbox is closed and the disk quiet.
        let (mut batch, mut waiting, mut issued) = (Vec::new(), Vec::new(), 0);
        loop {
            if let Some(durable) = disk.collect().durable {
                let done = waiting.iter().filter(|(id, _)| *id <= durable.get()).count();
                waiting.drain(..done).for_each(|(id, client): (u64, Completer<u64>)| client.complete(id));
            }
            let closed = inbox.take(&mut batch);
            for client in batch.drain(..) {
                issued += 1;
                disk.write(WriteId::new(issued), 1, issued);
                waiting.push((issued, client));
            }
            disk.submit(false);
            if closed && disk.is_quiet() {
                break;
            }
            bed.sleep(&signal);
        }
        assert!(waiting.is_empty(), "everyone was answered");
        drop(inbox);
        disk.close();
        disk_thread.join().expect("the worker does not panic");
        let answer = client.join().expect("the client was answered or refused");
        assert_eq!(answer.into_iter().collect::<Vec<_>>(), platter.lock().durable, "acknowledged is durable");
    });
}
