use super::{FILE_LINES_MAX, FUNCTION_LINES_MAX, TEST_MODULE_LINES_MAX, file, functions, test_modules};
use crate::{tidy::tokens::lex, workspace::File};

fn long_functions(text: &str) -> Vec<usize> {
    let found = functions(&File::of("a.rs", text), &lex(text).expect("snippets are Rust"));
    found.iter().map(|finding| finding.line).collect()
}

/// Code of this many lines: the head, lines that do nothing, and a brace.
fn of_lines(head: &str, lines: usize) -> String {
    format!("{head}\n{}}}\n", "    ;\n".repeat(lines - 2))
}

#[test]
fn files_end_in_time() {
    for name in ["a.rs", "a.py", "a.sh"] {
        assert!(file(&File::of(name, &"x\n".repeat(FILE_LINES_MAX))).is_none(), "{name}");
        assert!(file(&File::of(name, &"x\n".repeat(FILE_LINES_MAX + 1))).is_some(), "{name}");
    }
    assert!(file(&File::of("a.txt", &"x\n".repeat(FILE_LINES_MAX + 1))).is_none(), "texts may be long");
}

#[test]
fn functions_end_in_time() {
    for head in [
        "fn f() {",
        "impl S {fn f(&self) -> [u8; {1}] where Self: Copy {",
        "mod m { mod n { fn f<const N: u8>() {",
    ] {
        let close = "}".repeat(head.matches('{').count() - head.matches('}').count() - 1);
        assert_eq!(long_functions(&(of_lines(head, FUNCTION_LINES_MAX) + &close)), [0_usize; 0], "{head}");
        assert_eq!(long_functions(&(of_lines(head, FUNCTION_LINES_MAX + 1) + &close)), [1], "{head}");
    }
}

#[test]
fn a_constant_in_the_signature_is_not_the_body() {
    let head = "fn f(x: Ring<{ MAX }>) -> Ring<{ MAX }, u8> {";
    assert_eq!(long_functions(&of_lines(head, FUNCTION_LINES_MAX + 1)), [1]);
}

#[test]
fn what_only_looks_like_a_function() {
    let pointer = format!("struct S {{ f: fn(u8) -> u8,\n{}}}\n", "// x\n".repeat(FUNCTION_LINES_MAX));
    assert_eq!(long_functions(&pointer), [0_usize; 0]);
    let declared = format!("trait T {{ fn f();\n{} mod m {{ }} }}", "// x\n".repeat(FUNCTION_LINES_MAX));
    assert_eq!(long_functions(&declared), [0_usize; 0]);
    let word = format!("const S: &str = \"fn f() {{{}\";", "\n".repeat(FUNCTION_LINES_MAX));
    assert_eq!(long_functions(&word), [0_usize; 0]);
}

#[test]
fn tests_lie_beside() {
    for (name, lines, fires) in [
        ("tests", TEST_MODULE_LINES_MAX, false),
        ("tests", TEST_MODULE_LINES_MAX + 1, true),
        ("wire", TEST_MODULE_LINES_MAX + 1, false),
    ] {
        let text = of_lines(&format!("#[cfg(test)] mod {name} {{"), lines);
        let found = test_modules(&File::of("raft-core/src/log.rs", &text), &lex(&text).expect("Rust"));
        assert_eq!(!found.is_empty(), fires, "{name} {lines}");
        assert!(found.iter().all(|finding| finding.advice.contains("raft-core/src/log/tests.rs")));
    }
    let beside = "#[cfg(test)]\nmod tests;\n";
    assert!(test_modules(&File::of("a.rs", beside), &lex(beside).expect("Rust")).is_empty());
}
