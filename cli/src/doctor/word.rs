//! Words of commands that are printed, as a shell takes them.

use std::ffi::OsStr;

/// A text as one word of a shell, whatever it holds.
pub(super) fn quoted(text: impl AsRef<OsStr>) -> String {
    let text = text.as_ref().to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.into_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_text_is_one_word_of_a_shell() {
        assert_eq!(quoted("/run/a-b.sock"), "/run/a-b.sock");
        assert_eq!(quoted("--port=net_tap0,iface=t0"), "--port=net_tap0,iface=t0");
        assert_eq!(quoted("/run/a; rm b'c"), r"'/run/a; rm b'\''c'");
        assert_eq!(quoted(""), "''");
    }
}
