//! Rust as a tree of tokens: comments are gone and literals are closed, so that a rule about code never stumbles over
//! a word in a string. proc-macro2 is the lexer.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};

/// Every nesting level of a file: first the tokens of the file itself, then the inside of each bracket.
pub(super) type Levels = Vec<Vec<TokenTree>>;

/// Lexes a whole file; on an error, the line where it stops to be Rust.
pub(super) fn lex(text: &str) -> Result<Levels, usize> {
    let stream: TokenStream =
        text.parse().map_err(|error: proc_macro2::LexError| error.span().start().line)?;
    let mut levels = vec![stream.into_iter().collect::<Vec<_>>()];
    let mut next = 0;
    while next < levels.len() {
        let inner: Vec<_> = levels[next].iter().filter_map(group).map(|group| level(&group)).collect();
        levels.extend(inner);
        next += 1;
    }
    Ok(levels)
}

/// The tokens inside a bracket.
pub(super) fn level(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

/// The token as an identifier.
pub(super) fn ident(token: Option<&TokenTree>) -> Option<&Ident> {
    if let Some(TokenTree::Ident(ident)) = token { Some(ident) } else { None }
}

/// The token as a bracket with this delimiter.
pub(super) fn bracket(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    if let Some(TokenTree::Group(group)) = token {
        Some(group).filter(|g| g.delimiter() == delimiter)
    } else {
        None
    }
}

/// Whether the token is this sign.
pub(super) fn is_sign(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

/// The line on which the token begins.
pub(super) fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

/// The path that begins with the identifier at `at`, such as `std::fs::read`; a braced import gives one path per leaf.
/// A path that begins in the middle of another is one, too: the caller looks at how a path begins.
pub(super) fn paths(tokens: &[TokenTree], at: usize) -> Vec<Vec<String>> {
    let Some(first) = ident(tokens.get(at)) else { return Vec::new() };
    let mut path = vec![first.to_string()];
    let mut next = at + 1;
    while is_sign(tokens.get(next), ':') && is_sign(tokens.get(next + 1), ':') {
        if let Some(segment) = ident(tokens.get(next + 2)) {
            path.push(segment.to_string());
            next += 3;
        } else if let Some(leaves) = bracket(tokens.get(next + 2), Delimiter::Brace) {
            return braced(&path, &level(leaves));
        } else {
            break;
        }
    }
    vec![path]
}

fn braced(prefix: &[String], tokens: &[TokenTree]) -> Vec<Vec<String>> {
    let leaves = tokens.split(|token| is_sign(Some(token), ','));
    leaves.flat_map(|leaf| paths(leaf, 0)).map(|leaf| [prefix, leaf.as_slice()].concat()).collect()
}

fn group(token: &TokenTree) -> Option<Group> {
    if let TokenTree::Group(group) = token { Some(group.clone()) } else { None }
}
