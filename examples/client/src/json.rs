//! JSON text, as a person reads and types it.

use serde::de::IgnoredAny;

/// Returns whether a text begins a JSON object or array that more lines may complete.
pub(crate) fn is_incomplete(text: &str) -> bool {
    begins(text) && serde_json::from_str::<IgnoredAny>(text).is_err_and(|error| error.is_eof())
}

/// Indents an object or array; `None` if the text is something else.
///
/// Only white space changes: the order of names, repeated names, and the digits of numbers stay.
pub(crate) fn indented(text: &str) -> Option<String> {
    if !begins(text) || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return None;
    }
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for char in text.chars() {
        if in_string {
            out.push(char);
            in_string = is_escaped || char != '"';
            is_escaped = !is_escaped && char == '\\';
            continue;
        }
        match char {
            ' ' | '\t' | '\n' | '\r' => {}
            '{' | '[' => {
                out.push(char);
                depth += 1;
                break_line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                // An empty object or array stays in one line.
                let inner = out.trim_end().len();
                if out[..inner].ends_with(['{', '[']) {
                    out.truncate(inner);
                } else {
                    break_line(&mut out, depth);
                }
                out.push(char);
            }
            ',' => {
                out.push(char);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => {
                in_string = char == '"';
                out.push(char);
            }
        }
    }
    Some(out)
}

fn begins(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_open_object_or_array_is_incomplete() {
        for text in ["{", " [1,", "{\"a\":\n", "{\"a\": \"unfinished", "[[]"] {
            assert!(is_incomplete(text), "{text}");
        }
        for text in ["", "text", "1", "\"", "{}", "[1]", "{a", "[1]]", "{} and more", "[,"] {
            assert!(!is_incomplete(text), "{text}");
        }
    }

    #[test]
    fn only_white_space_changes() {
        let text = r#"{"b":[1.10,{"b":1e400,"b": "{,:\"\\"}],"a" :{},"c":[ ],"é":[[null]]}"#;
        let expected = r#"{
  "b": [
    1.10,
    {
      "b": 1e400,
      "b": "{,:\"\\"
    }
  ],
  "a": {},
  "c": [],
  "é": [
    [
      null
    ]
  ]
}"#;
        assert_eq!(indented(text).as_deref(), Some(expected));
        assert_eq!(indented(expected).as_deref(), Some(expected));
        for text in ["", "text", "12", "\"[]\"", "{", "[1]]", "{'a':1}"] {
            assert_eq!(indented(text), None, "{text}");
        }
    }
}
