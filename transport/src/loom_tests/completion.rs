use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Wake, Waker},
};

use loom::thread;

use super::every_interleaving;
use crate::{
    Abandoned, Completion, completion,
    sync::{Arc, Condvar, Mutex},
};

#[test]
fn set_while_someone_waits() {
    every_interleaving(|| {
        let (completer, completion) = completion();
        thread::spawn(move || completer.complete(7));
        assert_eq!(completion.wait(), Ok(7));
    });
}

#[test]
fn dropped_while_someone_waits() {
    every_interleaving(|| {
        let (completer, completion) = completion::<u8>();
        thread::spawn(move || drop(completer));
        assert_eq!(completion.wait(), Err(Abandoned));
    });
}

#[test]
fn set_while_an_executor_polls() {
    every_interleaving(|| {
        let (completer, completion) = completion();
        thread::spawn(move || completer.complete(7));
        assert_eq!(block_on(completion), Ok(7));
    });
}

#[test]
fn dropped_while_an_executor_polls() {
    every_interleaving(|| {
        let (completer, completion) = completion::<u8>();
        thread::spawn(move || drop(completer));
        assert_eq!(block_on(completion), Err(Abandoned));
    });
}

#[test]
fn set_while_the_client_gives_up() {
    every_interleaving(|| {
        let value = Arc::new(());
        let (completer, completion) = completion();
        let given = value.clone();
        let client = thread::spawn(move || drop(completion));
        completer.complete(given);
        client.join().expect("the client does nothing that panics");
        assert_eq!(Arc::strong_count(&value), 1, "the answer was dropped with the completion");
    });
}

/// An executor for one future, on the seam.
fn block_on<T>(completion: Completion<T>) -> Result<T, Abandoned> {
    struct Parked {
        woken: Mutex<bool>,
        wake: Condvar,
    }

    impl Wake for Parked {
        fn wake(self: std::sync::Arc<Self>) {
            *self.woken.lock() = true;
            self.wake.notify_one();
        }
    }

    let parked = std::sync::Arc::new(Parked { woken: Mutex::new(false), wake: Condvar::new() });
    let waker = Waker::from(parked.clone());
    let mut completion = pin!(completion);
    loop {
        if let Poll::Ready(answer) = completion.as_mut().poll(&mut Context::from_waker(&waker)) {
            return answer;
        }
        let mut woken = parked.woken.lock();
        while !*woken {
            woken = parked.wake.wait(woken);
        }
        *woken = false;
    }
}
