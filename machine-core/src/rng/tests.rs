use super::{Rng, split_mix};
use core::time::Duration;

/// SplitMix64 from 1234567: the values that Rosetta Code and the reference C program print.
#[test]
fn split_mix_matches_reference() {
    let mut state = 1_234_567;
    let drawn: [u64; 5] = core::array::from_fn(|_| split_mix(&mut state));
    assert_eq!(
        drawn,
        [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ]
    );
}

/// xoshiro256** from the state 1, 2, 3, 4: the values of the reference C program, as rand_xoshiro tests them.
#[test]
fn xoshiro_matches_reference() {
    let mut rng = Rng { state: [1, 2, 3, 4] };
    let drawn: [u64; 10] = core::array::from_fn(|_| rng.next_u64());
    assert_eq!(
        drawn,
        [
            11_520,
            0,
            1_509_978_240,
            1_215_971_899_390_074_240,
            1_216_172_134_540_287_360,
            607_988_272_756_665_600,
            16_172_922_978_634_559_625,
            8_476_171_486_693_032_832,
            10_595_114_339_597_558_777,
            2_904_607_092_377_533_576,
        ]
    );
}

/// A seed is a promise to later releases.
#[test]
fn seed_gives_the_same_numbers_for_ever() {
    let mut rng = Rng::new(42);
    let drawn: [u64; 3] = core::array::from_fn(|_| rng.next_u64());
    assert_eq!(drawn, [1_546_998_764_402_558_742, 6_990_951_692_964_543_102, 12_544_586_762_248_559_009]);
}

#[test]
fn below_stays_below_and_reaches_all() {
    let mut rng = Rng::new(7);
    let mut seen = [0_u32; 7];
    for _ in 0..7_000 {
        seen[usize::try_from(rng.below(7)).expect("below 7")] += 1;
    }
    assert!(seen.iter().all(|&n| (800..1_200).contains(&n)), "{seen:?}");
    assert_eq!(rng.below(0), 0);
    assert_eq!(rng.below(1), 0);
}

#[test]
fn duration_of_empty_range_is_its_start() {
    let mut rng = Rng::new(7);
    let second = Duration::from_secs(1);
    assert_eq!(rng.duration(second, second), second);
    assert_eq!(rng.duration(second, Duration::ZERO), second);
    assert!(rng.duration(Duration::ZERO, second) < second);
    assert!(rng.duration(Duration::MAX, Duration::MAX) > second);
}
