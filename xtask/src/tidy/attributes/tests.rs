use super::check;
use crate::{tidy::tokens::lex, workspace::File};

fn lines(text: &str) -> Vec<usize> {
    let findings = check(&File::of("raft-core/src/lib.rs", text), &lex(text).expect("snippets are Rust"));
    findings.iter().map(|finding| finding.line).collect()
}

#[test]
fn relaxed_lints_need_a_reason() {
    assert_eq!(lines("#![allow(dead_code)]\n#[expect(clippy::all)]\nfn f() {}"), [1, 2]);
    assert_eq!(lines("mod m {\n fn f() {\n #[allow(unused)]\n let x = 1;\n }\n}"), [3], "at any depth");
    assert_eq!(lines("#[cfg_attr(test, allow(dead_code))]\nfn f() {}"), [1], "also behind a cfg");
    assert_eq!(lines("#![allow(dead_code, reason = \"the table is complete\")]"), [0_usize; 0]);
    assert_eq!(lines("#[cfg_attr(test, expect(dead_code, reason = \"r\"))]\nfn f() {}"), [0_usize; 0]);
    assert_eq!(
        lines("let s = \"#[allow(dead_code)]\"; // #[allow(dead_code)]"),
        [0_usize; 0],
        "words are free"
    );
    assert_eq!(lines("let x = option.expect(\"never empty\"); allow(x);"), [0_usize; 0], "methods are free");
}

#[test]
fn no_test_is_ignored() {
    assert_eq!(lines("#[test]\n#[ignore]\nfn f() {}"), [2]);
    assert_eq!(lines("#[test]\n#[ignore = \"slow\"]\nfn f() {}"), [2]);
    assert_eq!(lines("#[test]\n#[cfg_attr(windows, ignore)]\nfn f() {}"), [2]);
    assert_eq!(lines("#[test]\n#[should_panic(expected = \"ignore\")]\nfn f() {}"), [0_usize; 0]);
}

#[test]
fn no_macro_stands_for_missing_code() {
    assert_eq!(lines("fn f() {\n todo!()\n}\nfn g() { unimplemented!(\"later\") }"), [2, 4]);
    assert_eq!(lines("fn f(todo: bool) -> bool { todo != true } // todo!()"), [0_usize; 0]);
}
