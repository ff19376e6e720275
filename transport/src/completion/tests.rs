use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc as StdArc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Wake,
    thread,
};

use super::*;

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll(completion: &mut Completion<u8>, wakes: &StdArc<Wakes>) -> Poll<Result<u8, Abandoned>> {
    Pin::new(completion).poll(&mut Context::from_waker(&wakes.clone().into()))
}

#[test]
fn polled_before_and_after() {
    let (completer, mut completion) = completion();
    let (first, second) = (StdArc::new(Wakes::default()), StdArc::new(Wakes::default()));
    assert_eq!(poll(&mut completion, &first), Poll::Pending);
    assert_eq!(poll(&mut completion, &second), Poll::Pending);
    completer.complete(3);
    assert_eq!(first.0.load(Ordering::SeqCst), 0, "the newest waker counts");
    assert_eq!(second.0.load(Ordering::SeqCst), 1);
    assert_eq!(poll(&mut completion, &second), Poll::Ready(Ok(3)));
    assert_eq!(poll(&mut completion, &second), Poll::Ready(Err(Abandoned)), "and no panic");
}

#[test]
fn dropped_without_an_answer() {
    let (completer, mut completion) = completion::<u8>();
    let wakes = StdArc::new(Wakes::default());
    assert_eq!(poll(&mut completion, &wakes), Poll::Pending);
    drop(completer);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert_eq!(completion.wait(), Err(Abandoned));
}

#[test]
fn waited_for_in_vain_and_then_not() {
    let (completer, completion) = completion();
    let completion = completion.wait_timeout(Duration::from_millis(1)).expect_err("nobody answered");
    let completion = completion.wait_timeout(Duration::ZERO).expect_err("nobody answered");
    let answer = thread::spawn(move || completion.wait_timeout(Duration::MAX));
    completer.complete(4);
    assert_eq!(answer.join().expect("no panic").expect("in time"), Ok(4));
}

#[test]
fn taken_without_waiting() {
    let (completer, mut completion) = completion();
    assert_eq!(completion.try_take(), None);
    completer.complete(5);
    assert_eq!(completion.try_take(), Some(Ok(5)));
}

#[test]
fn a_waker_may_use_the_completion() {
    struct Reentrant(Mutex<Option<Completion<u8>>>);

    impl Wake for Reentrant {
        fn wake(self: StdArc<Self>) {
            let completion = self.0.lock().take();
            assert_eq!(completion.and_then(|mut completion| completion.try_take()), Some(Ok(6)));
        }
    }

    let (completer, mut completion) = completion();
    let waker = StdArc::new(Reentrant(Mutex::new(None)));
    let polled = Pin::new(&mut completion).poll(&mut Context::from_waker(&waker.clone().into()));
    assert_eq!(polled, Poll::Pending);
    *waker.0.lock() = Some(completion);
    completer.complete(6);
    assert!(waker.0.lock().is_none(), "woken once");
}
