//! Must fail: proof that the rig notices a panic, keeps the input, and says so.

use crate::{Choices, Marks};

/// The one place that it comes by and lives.
pub const MARKS: &[&str] = &["alive"];

/// Panics on inputs that begin with "bird": four comparisons, one after the other, that coverage finds in seconds and
/// blind chance in hours.
///
/// # Panics
///
/// That is its purpose.
pub fn run(input: &[u8]) -> Marks {
    let mut choices = Choices::new(input);
    for sign in *b"bird" {
        if choices.byte() != sign {
            let mut marks = Marks::new(MARKS);
            marks.see("alive");
            return marks;
        }
    }
    panic!("the canary is dead: the rig works");
}
