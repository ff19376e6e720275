#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let _seen = bodies::clock_decode::run(input);
});
