use std::time::Duration;

use super::{
    Meter,
    cells::{Entries, Operation, VECTORS},
    hybrid::SCALARS,
    tables::Bar,
};

/// Counts sections, and runs them.
#[derive(Default)]
struct Sections(u32);

impl Meter for Sections {
    fn measure(&mut self, section: &mut dyn FnMut()) {
        section();
        self.0 += 1;
    }
}

#[test]
fn every_cell_runs_with_operands_that_are_what_it_says() {
    for contender in &VECTORS {
        for operation in Operation::ALL {
            for entries in Entries::ALL {
                let mut sections = Sections::default();
                (contender.work)(operation, entries)(70, &mut sections);
                assert!(sections.0 > 0, "{} {operation:?}", contender.name);
            }
        }
    }
    for scalar in SCALARS {
        let mut sections = Sections::default();
        (scalar.tick)()(70, &mut sections);
        if let Some(observe) = scalar.observe {
            observe()(70, &mut sections);
        }
        assert!(sections.0 > 0, "{}", scalar.name);
    }
}

#[test]
fn operands_are_distinct_ids_of_53_bits_and_the_merged_ones_have_new_ids() {
    for entries in Entries::ALL {
        let pairs = entries.pairs();
        assert!(pairs.clock.is_sorted_by(|a, b| a.0 < b.0), "{pairs:?}", pairs = pairs.clock);
        assert!(pairs.fresh.is_sorted_by(|a, b| a.0 < b.0));
        assert!(pairs.clock.iter().all(|(id, _)| id >> 53 == 0));
        let known = |id| pairs.clock.iter().any(|(known, _)| known == id);
        let fresh = pairs.fresh.iter().filter(|(id, _)| !known(id)).count();
        assert_eq!(fresh, entries.get().div_ceil(8).min((entries.get() + 6) / 8));
        assert!(pairs.ahead.iter().all(|(id, _)| known(id)));
    }
}

#[test]
fn the_fastest_batch_is_told_per_operation() {
    let slow = super::repeat(|| spin(Duration::from_micros(20)));
    let quick = super::repeat(|| spin(Duration::from_micros(1)));
    let nanos = super::timing::fastest(&mut [slow, quick], 5);
    assert!(nanos[0] >= 20_000.0, "no operation is faster than its work: {nanos:?}");
    assert!(nanos[1] >= 1_000.0 && nanos[1] < nanos[0], "{nanos:?}");
}

#[test]
fn a_bar_is_met_at_its_ratio_and_not_below() {
    let bar = |ratio| Bar { name: String::new(), ratio, ratio_min: 4.0 };
    assert!(bar(4.0).is_met() && !bar(3.99).is_met() && !bar(f64::NAN).is_met());
}

fn spin(time: Duration) {
    let start = super::timing::now();
    while start.elapsed() < time {}
}
