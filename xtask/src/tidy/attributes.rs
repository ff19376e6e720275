//! Relaxed lints have reasons, and no test sleeps.

use proc_macro2::{Delimiter, Group, TokenTree};

use super::{
    Finding,
    tokens::{Levels, bracket, ident, is_sign, level},
};
use crate::workspace::File;

/// Lints relaxed without a reason, ignored tests, and macros that stand for missing code.
pub(super) fn check(file: &File, levels: &Levels) -> Vec<Finding> {
    let mut findings = Vec::new();
    for tokens in levels {
        for (at, token) in tokens.iter().enumerate() {
            let line = token.span().start().line;
            if let Some(attribute) = attribute(tokens, at) {
                findings.extend(judge(&attribute).map(|advice| Finding::new(&file.path, line, advice)));
            }
            let is_macro =
                is_sign(tokens.get(at + 1), '!') && matches!(tokens.get(at + 2), Some(TokenTree::Group(_)));
            if is_macro && ident(Some(token)).is_some_and(|name| name == "todo" || name == "unimplemented") {
                findings.push(Finding::new(
                    &file.path,
                    line,
                    "stands for code that is missing; write it, or leave it out",
                ));
            }
        }
    }
    findings
}

/// The inside of the attribute whose `#` is at `at`.
fn attribute(tokens: &[TokenTree], at: usize) -> Option<Vec<TokenTree>> {
    if !is_sign(tokens.get(at), '#') {
        return None;
    }
    let after = if is_sign(tokens.get(at + 1), '!') { at + 2 } else { at + 1 };
    bracket(tokens.get(after), Delimiter::Bracket).map(level)
}

/// What is wrong with an attribute; `cfg_attr` carries others inside.
fn judge(attribute: &[TokenTree]) -> Option<String> {
    let name = ident(attribute.first())?.to_string();
    let arguments = bracket(attribute.get(1), Delimiter::Parenthesis);
    match name.as_str() {
        "allow" | "expect" if !arguments.is_some_and(has_reason) => {
            Some(format!("`{name}` without a reason; add `reason = \"…\"`, or fix what the lint found"))
        }
        "ignore" => {
            Some("an ignored test; assert what happens today, and say what is wrong with it".to_owned())
        }
        "cfg_attr" => {
            let inner = arguments.map(level).unwrap_or_default();
            inner.split(|token| is_sign(Some(token), ',')).skip(1).find_map(judge)
        }
        _ => None,
    }
}

fn has_reason(arguments: &Group) -> bool {
    let tokens = level(arguments);
    tokens
        .windows(2)
        .any(|pair| ident(pair.first()).is_some_and(|word| word == "reason") && is_sign(pair.get(1), '='))
}

#[cfg(test)]
mod tests;
