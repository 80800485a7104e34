//! Line editing, if a person is at both ends.

use std::io;
use std::path::{Path, PathBuf};

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Config, Editor, ExternalPrinter, Helper};

use crate::json;

/// Where lines are typed.
pub(crate) struct Terminal {
    editor: Editor<JsonLines, DefaultHistory>,
    history: Option<PathBuf>,
}

/// Prints above the line that is being edited.
pub(crate) type Above = Box<dyn ExternalPrinter + Send>;

impl Terminal {
    /// Prepares to read lines, with those of earlier runs as the history.
    pub(crate) fn open(history: Option<&Path>) -> io::Result<(Self, Above)> {
        let config = Config::builder().history_ignore_space(true).build();
        let mut editor = Editor::with_config(config).map_err(io::Error::other)?;
        editor.set_helper(Some(JsonLines));
        if let Some(path) = history {
            // A missing file is an empty history.
            let _ = editor.load_history(path);
        }
        let above = Box::new(editor.create_external_printer().map_err(io::Error::other)?);
        Ok((Self { editor, history: history.map(Path::to_path_buf) }, above))
    }

    /// Reads a line, or a whole JSON text; `None` after Ctrl-C or Ctrl-D.
    pub(crate) fn line(&mut self) -> io::Result<Option<String>> {
        let line = match self.editor.readline("> ") {
            Ok(line) => line,
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => return Ok(None),
            Err(ReadlineError::Io(error)) => return Err(error),
            Err(error) => return Err(io::Error::other(error)),
        };
        let _ = self.editor.add_history_entry(&*line);
        if let Some(path) = &self.history {
            // After each line, as the program ends with the connection.
            self.editor.append_history(path).map_err(io::Error::other)?;
        }
        Ok(Some(line))
    }
}

/// Continues a line until its JSON is complete.
struct JsonLines;

impl Validator for JsonLines {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let incomplete = json::is_incomplete(context.input());
        Ok(if incomplete { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Completer for JsonLines {
    type Candidate = String;
}

impl Hinter for JsonLines {
    type Hint = String;
}

impl Highlighter for JsonLines {}
impl Helper for JsonLines {}

/// The terminal's mode, restored when this is dropped.
///
/// If the connection ends while a line is being edited, the editor cannot do that.
pub(crate) struct Mode {
    #[cfg(unix)]
    saved: Option<nix::sys::termios::Termios>,
}

impl Mode {
    pub(crate) fn save() -> Self {
        Self {
            #[cfg(unix)]
            saved: nix::sys::termios::tcgetattr(io::stdin()).ok(),
        }
    }
}

impl Drop for Mode {
    fn drop(&mut self) {
        // The end of bracketed paste, which the editor began.
        print!("\r\u{1B}[K\u{1B}[?2004l");
        let _ = io::Write::flush(&mut io::stdout());
        #[cfg(unix)]
        if let Some(saved) = &self.saved {
            use nix::sys::termios::{SetArg, tcsetattr};
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, saved);
        }
    }
}
