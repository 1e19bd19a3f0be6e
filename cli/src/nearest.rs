//! "Did you mean": the known word closest to a mistyped one.

/// The word of `known` that `typed` was probably meant to be, `None` if nothing is close.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|word| (strsim::jaro_winkler(typed, word), word))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, word)| word)
}

/// The mend for a word that is not one of `known`: `did you mean mac?`, or the whole list.
pub(crate) fn mend(typed: &str, known: &[&str]) -> String {
    match nearest(typed, known.iter().copied()) {
        Some(word) if known.len() == 1 => format!("did you mean {word}?"),
        Some(word) => format!("did you mean {word}? (there are {})", known.join(", ")),
        None if known.len() == 1 => format!("write {}", known.join(", ")),
        None => format!("choose one of {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_mended_and_nonsense_gets_the_list() {
        assert_eq!(nearest("macswp", ["io", "mac", "macswap"]), Some("macswap"));
        assert_eq!(nearest("", ["io", "mac"]), None);
        assert_eq!(mend("xyzzy", &["io", "mac"]), "choose one of io, mac");
        assert_eq!(mend("xyzzy", &["io"]), "write io");
    }
}
