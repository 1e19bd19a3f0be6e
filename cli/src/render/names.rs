//! Words that many pages share.

/// Names after two spaces each, in as few lines as hold `width` characters each.
pub(super) fn in_lines<N: AsRef<str>>(names: impl Iterator<Item = N>, width: usize) -> String {
    let mut text = String::new();
    let mut used = 0;
    for name in names {
        let name = name.as_ref();
        if used + name.len() + 2 > width {
            text.push('\n');
            used = 0;
        }
        text += "  ";
        text += name;
        used += name.len() + 2;
    }
    text.push('\n');
    text
}

/// testpmd's words for a switch.
pub(super) fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_breaks_before_it_is_too_long() {
        let names = ["ipv4", "tcp", "udp"];
        assert_eq!(in_lines(names.iter(), 16), "  ipv4  tcp  udp\n");
        assert_eq!(in_lines(names.iter(), 15), "  ipv4  tcp\n  udp\n");
    }
}
