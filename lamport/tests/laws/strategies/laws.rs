//! Laws as functions, for any type.

use lamport::Causality;
use proptest::{prelude::*, test_runner::TestCaseResult};

/// `cmp` is a partial order on these three: reflexive, mirrored, antisymmetric, transitive.
pub(crate) fn partial_order<T: PartialEq + std::fmt::Debug>(
    [a, b, c]: [&T; 3],
    cmp: impl Fn(&T, &T) -> Causality,
) -> TestCaseResult {
    let leq = |x: &T, y: &T| matches!(cmp(x, y), Causality::Equal | Causality::Before);
    for x in [a, b, c] {
        prop_assert_eq!(cmp(x, x), Causality::Equal);
        for y in [a, b, c] {
            prop_assert_eq!(cmp(x, y), cmp(y, x).mirrored());
            prop_assert_eq!(leq(x, y) && leq(y, x), x == y, "antisymmetric: {:?} {:?}", x, y);
            for z in [a, b, c] {
                prop_assert!(!(leq(x, y) && leq(y, z)) || leq(x, z), "transitive: {x:?} {y:?} {z:?}");
            }
        }
    }
    Ok(())
}

/// `join` is the least upper bound under `leq`: commutative, associative, idempotent, above both, least.
pub(crate) fn join_semilattice<T: PartialEq + std::fmt::Debug>(
    [a, b, c]: [&T; 3],
    join: impl Fn(&T, &T) -> T,
    leq: impl Fn(&T, &T) -> bool,
) -> TestCaseResult {
    prop_assert_eq!(join(a, b), join(b, a));
    prop_assert_eq!(join(&join(a, b), c), join(a, &join(b, c)));
    prop_assert_eq!(&join(a, a), a);
    let both = join(a, b);
    prop_assert!(leq(a, &both) && leq(b, &both), "above: {both:?}");
    prop_assert_eq!(leq(b, a), both == *a, "the join is `a` iff `a` is above");
    prop_assert!(!(leq(a, c) && leq(b, c)) || leq(&both, c), "least: {c:?}");
    // Something that is above both, whatever was drawn.
    let above = join(&both, c);
    prop_assert!(leq(&both, &above), "least: {above:?}");
    Ok(())
}
