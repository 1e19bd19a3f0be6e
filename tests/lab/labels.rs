//! Answers compared by their labels: the words of each line, with whatever numbers and names.

/// The first line of `theirs` that is not in `ours`, or not in this order.
pub(crate) fn missing(ours: &str, theirs: &str) -> Option<String> {
    let ours = labels(ours);
    let mut rest = ours.iter();
    labels(theirs).into_iter().find(|line| !rest.any(|own| own == line))
}

/// The lines of an answer with numbers and names masked; of those that are then the same, the first.
fn labels(answer: &str) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for label in answer.lines().map(label) {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels
}

/// `len: 0x40` is `len: N`, `mempool <mb_pool_0>` is `mempool <N>`, and rates have no prefix of their unit.
fn label(line: &str) -> String {
    let words = line.split_whitespace().map(|word| match word.split_once('<') {
        Some((before, _)) => format!("{before}<N>"),
        None if word.split(':').count() == 6 => "MAC".to_owned(),
        None if word.ends_with("pps") => "pps".to_owned(),
        None if word.ends_with("b/s") => "b/s".to_owned(),
        None => word.replace("0x", "0"),
    });
    let mut label = String::new();
    let mut in_number = false;
    for letter in words.collect::<Vec<_>>().join(" ").chars() {
        let in_it =
            letter.is_ascii_digit() || (in_number && (letter.is_ascii_hexdigit() || letter == '.'));
        match (in_it, in_number) {
            (true, false) => label.push('N'),
            (true, true) => {}
            (false, _) => label.push(letter),
        }
        in_number = in_it;
    }
    label
}
