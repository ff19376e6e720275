use std::os::fd::{AsFd, BorrowedFd};

use loom::thread;

use super::{Bed, every_interleaving};
use crate::{Completer, Inflow, Inlet, TrySendError, completion, mailbox::mailbox};

#[test]
fn every_accepted_command_wakes_the_driver() {
    every_interleaving(|| {
        let (bed, signal) = Bed::new();
        let (sender, inbox) = mailbox(2, 1, signal.clone());
        for command in 1..=2 {
            let sender = sender.clone();
            thread::spawn(move || sender.try_send(command).expect("there is room for both"));
        }
        let (mut sum, mut batch) = (0, Vec::new());
        while sum < 3 {
            inbox.take(&mut batch);
            sum += batch.drain(..).sum::<u32>();
            if sum < 3 {
                bed.sleep(&signal);
            }
        }
    });
}

#[test]
fn a_full_mailbox_gives_the_command_back_and_holds_no_more_than_its_bound() {
    every_interleaving(|| {
        let (_bed, signal) = Bed::new();
        let (sender, inbox) = mailbox(1, 1, signal);
        let other = sender.clone();
        let racer = thread::spawn(move || other.try_send(1));
        let outcome = sender.try_send(2);
        let raced = racer.join().expect("the sender does nothing that panics");
        let mut batch = Vec::new();
        inbox.take(&mut batch);
        match (raced, outcome) {
            (Ok(()), Err(TrySendError::Full(2))) => assert_eq!(batch, [1]),
            (Err(TrySendError::Full(1)), Ok(())) => assert_eq!(batch, [2]),
            other => panic!("one is accepted and one refused, not {other:?}"),
        }
    });
}

#[test]
fn closing_answers_abandons_or_refuses_and_never_forgets() {
    every_interleaving(|| {
        let (bed, signal) = Bed::new();
        let (sender, inbox) = mailbox::<Completer<u8>>(4, 1, signal.clone());
        let closer = sender.clone();
        thread::spawn(move || closer.close());
        let client = thread::spawn(move || {
            let (completer, completion) = completion();
            match sender.try_send(completer) {
                // Either answer is right; a hang would be the error.
                Ok(()) => drop(completion.wait()),
                Err(TrySendError::Closed(_)) => {}
                Err(TrySendError::Full(_)) => panic!("the mailbox had room"),
            }
        });
        let mut batch = Vec::new();
        loop {
            let closed = inbox.take(&mut batch);
            batch.drain(..).for_each(|completer| completer.complete(1));
            if closed {
                break;
            }
            bed.sleep(&signal);
        }
        drop(inbox);
        client.join().expect("the client met one of the three outcomes");
    });
}

#[test]
fn a_driver_that_dies_abandons_what_was_queued() {
    every_interleaving(|| {
        let (_bed, signal) = Bed::new();
        let (sender, inbox) = mailbox::<Completer<u8>>(4, 1, signal);
        let client = thread::spawn(move || {
            let (completer, completion) = completion();
            if sender.try_send(completer).is_ok() {
                assert!(completion.wait().is_err(), "nobody answers");
            }
        });
        drop(inbox);
        client.join().expect("the client was abandoned or refused");
    });
}

/// Says when it is dropped, as one does whose owner waits for it.
struct Lent(#[expect(dead_code, reason = "dropped")] Completer<()>);

impl Inlet<u8> for Lent {
    fn take(&mut self) -> Inflow<u8> {
        Inflow::End
    }
}

impl AsFd for Lent {
    fn as_fd(&self) -> BorrowedFd<'_> {
        unreachable!("nobody watches it")
    }
}

#[test]
fn an_inlet_that_nobody_takes_is_given_back_when_the_driver_ends() {
    every_interleaving(|| {
        let (_bed, signal) = Bed::new();
        let (sender, inbox) = mailbox::<u8>(1, 1, signal);
        let ending = thread::spawn(move || drop(inbox));
        let (completer, back) = completion();
        // Refused, it comes back at once; accepted, when the driver ends; a hang would be the error.
        drop(sender.try_watch(Box::new(Lent(completer))));
        assert!(back.wait().is_err());
        ending.join().expect("the driver's end does nothing that panics");
    });
}
