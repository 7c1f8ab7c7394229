//! Texts that come from outside, made fit for a log, a status and a terminal.

use std::fmt::{self, Display, Write};

/// The most bytes that are kept of a text.
const LIMIT: usize = 1024;

/// Shows an error with its chain (`{:#}`), on one line, without control characters, in at most 1 KiB.
///
/// Control characters, line and paragraph separators and those that change the direction of writing are escaped.
pub(crate) struct Clean<T>(pub(crate) T);

impl<T: Display> Display for Clean<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_clean(f, &self.0)
    }
}

/// Writes the clean text of `text`.
pub(crate) fn write_clean<W: Write>(out: &mut W, text: &dyn Display) -> fmt::Result {
    let mut cleaner = Cleaner { out, left: LIMIT };
    // Fails when the text is too long, or when its own `Display` does; what came until then is kept.
    let _ = write!(cleaner, "{text:#}");
    match cleaner.left {
        0 => out.write_char('…'),
        _ => Ok(()),
    }
}

struct Cleaner<'a, W> {
    out: &'a mut W,
    /// How many bytes may still come; 0 once one did not fit.
    left: usize,
}

impl<W: Write> Write for Cleaner<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Nearly always: short, and nothing but printable ASCII.
        if text.len() + '…'.len_utf8() <= self.left
            && text
                .bytes()
                .fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'))
        {
            self.left -= text.len();
            return self.out.write_str(text);
        }
        for char in text.chars() {
            let escaped = is_unsafe(char).then(|| char.escape_default());
            let plain = char.len_utf8();
            let length = escaped.as_ref().map_or(plain, ExactSizeIterator::len);
            // The ellipsis has its place.
            if length + '…'.len_utf8() > self.left {
                self.left = 0;
                return Err(fmt::Error);
            }
            self.left -= length;
            match escaped {
                Some(escaped) => write!(self.out, "{escaped}")?,
                None => self.out.write_char(char)?,
            }
        }
        Ok(())
    }
}

/// Whether a character can break a line, send an escape sequence, or change the order in which others are shown.
fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
