//! Looks at Rust sources without their comments and strings, to find the names that code really uses.

/// An identifier or keyword.
#[derive(Debug, PartialEq)]
pub(crate) struct Word {
    pub(crate) line: usize,
    pub(crate) text: String,
    /// Whether a path begins or goes on behind it: `text::..`, `use text`, `extern crate text`.
    pub(crate) is_path: bool,
}

/// Every word of the code. Comments (doc comments too), strings and character literals are left out.
pub(crate) fn words(source: &str) -> Vec<Word> {
    let code = code_only(source);
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(skipped) = code[at..].find(in_word) {
        let start = at + skipped;
        line += code[at..start].matches('\n').count();
        let rest = &code[start..];
        let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        let (text, after) = rest.split_at(length);
        let before = code[..start].trim_end().rsplit(|c| !in_word(c)).next();
        let is_path =
            after.trim_start().starts_with("::") || matches!(before, Some("use" | "crate"));
        found.push(Word {
            line,
            text: text.to_string(),
            is_path,
        });
        at = start + length;
    }
    found
}

/// Lines that count: all but documentation.
pub(crate) fn lines_without_docs(source: &str) -> usize {
    source
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.starts_with("///") && !line.starts_with("//!"))
        .count()
}

/// The source with comments and literals replaced by blanks, line breaks kept.
fn code_only(source: &str) -> String {
    let mut rest = source;
    let mut code = String::with_capacity(source.len());
    while let Some(first) = rest.chars().next() {
        let in_word = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = raw_string(rest).filter(|_| !in_word) {
            length
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' {
            character(rest)
        } else {
            0
        };
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            // At least a blank: what stands on both sides of a comment are two words.
            code.push(' ');
            code.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
            rest = &rest[skipped..];
        }
    }
    code
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of a raw string at the start of `text`, with its prefix; `r#name` is not one.
fn raw_string(text: &str) -> Option<usize> {
    let body = ["r", "br", "cr"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    let content = body[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let before = text.len() - content.len();
    Some(
        content
            .find(&end)
            .map_or(text.len(), |found| before + found + end.len()),
    )
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal, 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted(text, '\''),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        words(source).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn comments_and_literals_hold_no_names() {
        assert_eq!(texts("a /* b /* c */ d */ e // f\ng"), ["a", "e", "g"]);
        assert_eq!(texts("/// tokio\n//! tokio\nx"), ["x"]);
        assert_eq!(
            texts(r##"a "b \" c" d r#"e " f"# g b"h" i"##),
            ["a", "d", "g", "b", "i"]
        );
        assert_eq!(texts(r"a 'b' c '\'' d '\u{1F600}' e"), ["a", "c", "d", "e"]);
        assert_eq!(texts("a/**/b"), ["a", "b"]);
    }

    #[test]
    fn what_looks_like_a_literal_is_code() {
        assert_eq!(
            texts("fn f<'a>(x: &'a str)"),
            ["fn", "f", "a", "x", "a", "str"]
        );
        assert_eq!(
            texts("r#type for_r 'static"),
            ["r", "type", "for_r", "static"]
        );
    }

    #[test]
    fn paths_are_told_from_names_and_know_their_line() {
        let source =
            "/*\n\n*/ aioevt_tokio::x; let tokio = smol\n  ::y;\nuse mio;\nextern crate monoio;";
        let paths = words(source).into_iter().filter(|word| word.is_path);
        let paths: Vec<(usize, String)> = paths.map(|word| (word.line, word.text)).collect();
        let expected = [(3, "aioevt_tokio"), (3, "smol"), (5, "mio"), (6, "monoio")];
        assert_eq!(paths, expected.map(|(line, text)| (line, text.to_string())));
    }

    #[test]
    fn documentation_does_not_make_a_file_long() {
        assert_eq!(
            lines_without_docs("//! a\n\n/// b\n    /// c\nfn d() {}\n// e\n"),
            3
        );
    }
}
