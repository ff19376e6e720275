use super::is_new_enough;

#[test]
fn versions_compare_as_numbers() {
    assert!(is_new_enough("3.11.0") && is_new_enough("3.14.2") && is_new_enough("4.0.0"));
    assert!(!is_new_enough("3.9.18") && !is_new_enough("2.7.18"), "9 is below 11");
    assert!(!is_new_enough("") && !is_new_enough("3") && !is_new_enough("three.eleven"));
}
