//! What fits on a few screens can be read in one go.

use proc_macro2::{Delimiter, Group, TokenTree};

use super::{
    Finding,
    tokens::{Levels, bracket, ident, is_sign},
};
use crate::workspace::File;

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;
const TEST_MODULE_LINES_MAX: usize = 40;

/// A source file that is too long.
pub(super) fn file(file: &File) -> Option<Finding> {
    let lines = file.text.lines().count();
    let long = file.is(&["rs", "py", "sh"]) && lines > FILE_LINES_MAX;
    long.then(|| {
        let advice = format!("{lines} lines, at most {FILE_LINES_MAX}; split it where it does two things");
        Finding::new(&file.path, FILE_LINES_MAX + 1, advice)
    })
}

/// Functions that are too long, from the line of `fn` to that of the closing brace.
pub(super) fn functions(file: &File, levels: &Levels) -> Vec<Finding> {
    let mut findings = Vec::new();
    for tokens in levels {
        for (at, token) in tokens.iter().enumerate() {
            let name =
                ident(tokens.get(at + 1)).filter(|_| ident(Some(token)).is_some_and(|word| word == "fn"));
            let (Some(name), Some(body)) = (name, body(&tokens[at..])) else { continue };
            let first = token.span().start().line;
            let lines = body.span_close().end().line + 1 - first;
            if lines > FUNCTION_LINES_MAX {
                let advice = format!(
                    "function {name} has {lines} lines, at most {FUNCTION_LINES_MAX}; let it tell what happens, and \
                     move how into functions below it"
                );
                findings.push(Finding::new(&file.path, first, advice));
            }
        }
    }
    findings
}

/// Modules of tests inside the file they test.
pub(super) fn test_modules(file: &File, levels: &Levels) -> Vec<Finding> {
    let mut findings = Vec::new();
    for window in levels.iter().flat_map(|tokens| tokens.windows(3)) {
        let is_tests = ident(window.first()).is_some_and(|word| word == "mod")
            && ident(window.get(1)).is_some_and(|word| word == "tests");
        let Some(body) = bracket(window.get(2), Delimiter::Brace).filter(|_| is_tests) else { continue };
        let first = body.span_open().start().line;
        let lines = body.span_close().end().line + 1 - first;
        if lines > TEST_MODULE_LINES_MAX {
            let beside = file.path.trim_end_matches(".rs");
            let advice = format!(
                "{lines} lines of tests inside the file, at most {TEST_MODULE_LINES_MAX}; move them to {beside}/tests.rs"
            );
            findings.push(Finding::new(&file.path, first, advice));
        }
    }
    findings
}

/// The body of the function that begins here; nothing for one without. Braces in the signature are constants in
/// generic arguments, and end in `>` or `,`.
fn body(function: &[TokenTree]) -> Option<&Group> {
    for (at, token) in function.iter().enumerate() {
        let next = function.get(at + 1);
        if is_sign(Some(token), ';') {
            return None;
        }
        let body = bracket(Some(token), Delimiter::Brace);
        if body.is_some() && !is_sign(next, '>') && !is_sign(next, ',') {
            return body;
        }
    }
    None
}

#[cfg(test)]
mod tests;
