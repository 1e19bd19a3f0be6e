//! testpmd's commands that Pollway does not have: each is answered by name, with the nearest thing that there is.
//! docs/testpmd.md lists them all, and those that there are.

#[cfg(test)]
mod page;
mod refused;

use refused::REFUSED;

/// Commands of testpmd's that are refused by name.
struct Refused {
    /// The words that they begin with; `N` stands for any one word.
    begins: &'static str,
    /// What to do instead.
    instead: &'static str,
}

impl Refused {
    fn words(&self) -> impl Iterator<Item = &'static str> {
        self.begins.split(' ')
    }
}

/// Why a line is refused, if it is one of those; it begins with testpmd's own words for what it does not take.
pub(crate) fn refusal(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let begins = |of: &&Refused| {
        let length = of.words().count();
        words.len() >= length
            && of.words().zip(&words).all(|(own, word)| own == "N" || own == *word)
    };
    let found = REFUSED.iter().find(begins)?;
    let name = words.iter().take(found.words().count()).copied().collect::<Vec<_>>().join(" ");
    Some(format!("Bad arguments: {name} is testpmd's and not Pollway's: {}", found.instead))
}
