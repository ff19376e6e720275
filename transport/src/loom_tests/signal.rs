use loom::thread;

use super::{Bed, every_interleaving};
use crate::sync::{Arc, Mutex};

#[test]
fn no_wake_up_is_lost_among_two_producers() {
    every_interleaving(|| {
        let (bed, signal) = Bed::new();
        let published = Arc::new(Mutex::new(0));
        for _ in 0..2 {
            let (signal, published) = (signal.clone(), published.clone());
            thread::spawn(move || {
                *published.lock() += 1;
                signal.notify();
            });
        }
        while *published.lock() < 2 {
            bed.sleep(&signal);
        }
    });
}

#[test]
fn a_notify_before_the_sleep_keeps_the_driver_awake() {
    every_interleaving(|| {
        let (bed, signal) = Bed::new();
        signal.notify();
        bed.sleep(&signal);
        assert!(signal.may_sleep(), "and only once");
    });
}
