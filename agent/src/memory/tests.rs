use super::*;

#[test]
fn the_kernels_words_are_read() {
    let status = "Name:\tquorate\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\n";
    assert_eq!(parse(status), Some(Memory { resident_bytes: 1 << 20, peak_bytes: 2 << 20 }));
}

#[test]
fn other_words_are_not_guessed() {
    for status in [
        "",
        "VmRSS: 1 kB",
        "VmRSS: x kB\nVmHWM: 1 kB",
        "VmRSS: 1 MB\nVmHWM: 1 MB",
        "VmRSS: 18446744073709551615 kB\nVmHWM: 1 kB",
    ] {
        assert_eq!(parse(status), None, "{status:?}");
    }
}
