//! Which lcores a run has: EAL's `-l`, `-c` and `--lcores` read far enough to know the lcores and the main one.
//!
//! EAL itself reads the flags again when it starts; reading them here lets a configuration be checked without it.
//! Grammar: `eal_parse_corelist`, `eal_parse_coremask` and `eal_parse_lcores` in DPDK's
//! `lib/eal/common/eal_common_options.c`.

use crate::flags::eal::EalFlags;
use dataplane::lcore::LcoreId;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use thiserror::Error;

/// How many lcores there can be, numbered from 0 (`RTE_MAX_LCORE` of Debian's and Ubuntu's DPDK).
pub(crate) const MAX_LCORES: usize = 128;

/// The lcores of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lcores {
    /// The main lcore: control, never forwarding.
    pub(crate) main: LcoreId,
    /// The others, ascending.
    pub(crate) workers: Vec<LcoreId>,
    /// The processors that each of them runs on.
    places: BTreeMap<u32, BTreeSet<u32>>,
}

/// Why a core list is not one.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum LcoreError {
    #[error("{flag} and {other} both say which lcores there are; give one of them")]
    TwoLists { flag: &'static str, other: &'static str },
    #[error("{flag} {text}: {why}; write {example}")]
    Syntax { flag: &'static str, text: String, why: String, example: &'static str },
    #[error("{flag} {text}: lcore {lcore} is too high, this DPDK numbers lcores from 0 to 127")]
    TooHigh { flag: &'static str, text: String, lcore: u64 },
    #[error(
        "--main-lcore {text}: not one of the lcores of this run ({lcores}); choose one of them or add it to the list"
    )]
    MainNotListed { text: String, lcores: String },
    #[error(
        "there is no processor {absent} on this machine, which has {present}; name others, or let lcores share one, as \
         in --lcores '0@0,(1-3)@1'"
    )]
    NoProcessor { absent: u32, present: String },
}

impl Lcores {
    /// The lcores that the flags name, `None` where they leave it to EAL (all processors this process may use).
    ///
    /// # Errors
    ///
    /// [`LcoreError`], naming the flag and what is wrong with its value.
    pub(crate) fn of(eal: &EalFlags) -> Result<Option<Self>, LcoreError> {
        let lists: Vec<(&'static str, &str)> = [("-c", "c"), ("-l", "l"), ("--lcores", "lcores")]
            .into_iter()
            .filter_map(|(flag, name)| Some((flag, eal.value(name)?)))
            .collect();
        let places = match lists[..] {
            [] => return Ok(None),
            [("-c", text)] => alike(coremask(text)?),
            [("-l", text)] => alike(corelist(text)?),
            [(_, text)] => coremap(text)?,
            [(flag, _), (other, _), ..] => return Err(LcoreError::TwoLists { flag, other }),
        };
        Self::with_main(places, eal.value("main-lcore")).map(Some)
    }

    /// Tells the main lcore from the others; without `--main-lcore` it is the lowest, as in EAL.
    fn with_main(
        places: BTreeMap<u32, BTreeSet<u32>>,
        main: Option<&str>,
    ) -> Result<Self, LcoreError> {
        let lcores: BTreeSet<u32> = places.keys().copied().collect();
        let chosen = match main {
            Some(text) => text.parse().ok().filter(|id| lcores.contains(id)),
            None => lcores.first().copied(),
        };
        let Some(main) = chosen else {
            return Err(LcoreError::MainNotListed {
                text: main.unwrap_or_default().to_owned(),
                lcores: list(lcores.iter()),
            });
        };
        let workers = lcores.iter().filter(|&&id| id != main).map(|&id| LcoreId(id)).collect();
        Ok(Self { main: LcoreId(main), workers, places })
    }

    /// Whether the machine whose sysfs this is has the processors.
    ///
    /// # Errors
    ///
    /// [`LcoreError::NoProcessor`] with the first that it has not.
    pub(crate) fn check_processors(&self, sysfs: &Path) -> Result<(), LcoreError> {
        let folder = sysfs.join("devices/system/cpu");
        let absent = |id: &&u32| !folder.join(format!("cpu{id}")).exists();
        let Some(&absent) = self.places.values().flatten().find(absent) else { return Ok(()) };
        let present = fs::read_to_string(folder.join("online")).unwrap_or_default();
        Err(LcoreError::NoProcessor { absent, present: present.trim().to_owned() })
    }

    /// The processors that the workers run on.
    pub(crate) fn worker_processors(&self) -> BTreeSet<u32> {
        let of = |worker: &LcoreId| self.places.get(&worker.0);
        self.workers.iter().filter_map(of).flatten().copied().collect()
    }

    /// The lcores where no flag names any: EAL's own choice, one for each processor that this process may run on, or
    /// those of [`one_processor_flag`].
    pub(crate) fn of_this_machine() -> Option<Self> {
        let processors: BTreeSet<u32> =
            processors().into_iter().filter_map(|id| u32::try_from(id).ok()).collect();
        let places = match processors.len() {
            1 => [0, 1].map(|lcore| (lcore, processors.clone())).into(),
            _ => alike(processors),
        };
        Self::with_main(places, None).ok()
    }
}

/// EAL's flag for a process that may use one processor only, `None` if it may use more: EAL would make one lcore, which
/// takes commands and leaves none to forward.
pub(crate) fn one_processor_flag() -> Option<String> {
    match processors()[..] {
        [only] => Some(format!("--lcores=0@{only},1@{only}")),
        _ => None,
    }
}

/// The processors that this process may run on; none if the system does not say.
pub(crate) fn processors() -> Vec<usize> {
    core_affinity::get_core_ids().unwrap_or_default().into_iter().map(|core| core.id).collect()
}

/// Numbers as a reader likes them: `0, 1, 4`.
pub(crate) fn list<T: ToString>(items: impl Iterator<Item = T>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn coremask(text: &str) -> Result<BTreeSet<u32>, LcoreError> {
    let syntax = |why: String| LcoreError::Syntax {
        flag: "-c",
        text: text.to_owned(),
        why,
        example: "a hexadecimal mask, -c 0x3 for lcores 0 and 1",
    };
    let digits = text.trim();
    let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
    let mut lcores = BTreeSet::new();
    for (place, digit) in digits.chars().rev().enumerate() {
        let value = digit
            .to_digit(16)
            .ok_or_else(|| syntax(format!("`{digit}` is not a hexadecimal digit")))?;
        for bit in (0..4).filter(|bit| value >> bit & 1 == 1) {
            let lcore = place as u64 * 4 + bit;
            match u32::try_from(lcore) {
                Ok(id) if (id as usize) < MAX_LCORES => lcores.insert(id),
                _ => return Err(LcoreError::TooHigh { flag: "-c", text: text.to_owned(), lcore }),
            };
        }
    }
    if lcores.is_empty() { Err(syntax("it names no lcore".to_owned())) } else { Ok(lcores) }
}

fn corelist(text: &str) -> Result<BTreeSet<u32>, LcoreError> {
    let mut reader = Reader { flag: "-l", text, rest: text, example: "-l 0-1 or -l 0,2,4-7" };
    let lcores = reader.items()?;
    reader.end()?;
    Ok(lcores)
}

/// Without a map an lcore runs on the processor of its number.
fn alike(lcores: BTreeSet<u32>) -> BTreeMap<u32, BTreeSet<u32>> {
    lcores.into_iter().map(|lcore| (lcore, BTreeSet::from([lcore]))).collect()
}

/// The lcores and the processors that each runs on.
fn coremap(text: &str) -> Result<BTreeMap<u32, BTreeSet<u32>>, LcoreError> {
    let mut reader = Reader {
        flag: "--lcores",
        text,
        rest: text,
        example: "--lcores 0-1, or --lcores 0@0,1@2,(3,4)@(3-4) to say which lcores run on which processors",
    };
    let mut places = BTreeMap::new();
    loop {
        let group = reader.group()?;
        if reader.take('@') {
            let processors = reader.group()?;
            places.extend(group.into_iter().map(|lcore| (lcore, processors.clone())));
        } else {
            places.extend(alike(group));
        }
        if !reader.take(',') {
            break;
        }
    }
    reader.end()?;
    Ok(places)
}

/// Reads a core list from left to right.
struct Reader<'a> {
    flag: &'static str,
    text: &'a str,
    rest: &'a str,
    example: &'static str,
}

impl Reader<'_> {
    fn syntax(&self, why: &str) -> LcoreError {
        let at = match self.rest.chars().next() {
            Some(found) => format!("{why}, found `{found}`"),
            None => format!("{why}, found the end"),
        };
        LcoreError::Syntax {
            flag: self.flag,
            text: self.text.to_owned(),
            why: at,
            example: self.example,
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn end(&mut self) -> Result<(), LcoreError> {
        self.rest = self.rest.trim_start();
        if self.rest.is_empty() { Ok(()) } else { Err(self.syntax("expected `,` or the end")) }
    }

    fn number(&mut self) -> Result<u32, LcoreError> {
        self.rest = self.rest.trim_start();
        let digits =
            self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = self.rest.split_at(digits);
        if number.is_empty() {
            return Err(self.syntax("expected a number"));
        }
        // More digits than a u64 holds are too high all the same.
        let lcore = number.parse().unwrap_or(u64::MAX);
        match u32::try_from(lcore) {
            Ok(id) if (id as usize) < MAX_LCORES => {
                self.rest = rest;
                Ok(id)
            }
            _ => Err(LcoreError::TooHigh { flag: self.flag, text: self.text.to_owned(), lcore }),
        }
    }

    /// `N` or `N-M`; the ends may come in either order, as EAL has it, but for `-l`, where EAL takes none of a range that
    /// goes down.
    fn range(&mut self) -> Result<BTreeSet<u32>, LcoreError> {
        let first = self.number()?;
        let last = if self.take('-') { self.number()? } else { first };
        if self.flag == "-l" && last < first {
            let why = format!("the range {first}-{last} goes down");
            let (flag, text, example) = (self.flag, self.text.to_owned(), self.example);
            return Err(LcoreError::Syntax { flag, text, why, example });
        }
        Ok((first.min(last)..=first.max(last)).collect())
    }

    /// Ranges separated by commas.
    fn items(&mut self) -> Result<BTreeSet<u32>, LcoreError> {
        let mut items = self.range()?;
        while self.take(',') {
            items.extend(self.range()?);
        }
        Ok(items)
    }

    /// A range, or items in parentheses.
    fn group(&mut self) -> Result<BTreeSet<u32>, LcoreError> {
        if !self.take('(') {
            return self.range();
        }
        let items = self.items()?;
        if self.take(')') { Ok(items) } else { Err(self.syntax("expected `,` or `)`")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lcores(args: &[&str]) -> Result<(u32, Vec<u32>), LcoreError> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let lcores = Lcores::of(&EalFlags::parse(&args).unwrap())?.unwrap();
        Ok((lcores.main.0, lcores.workers.iter().map(|id| id.0).collect()))
    }

    #[test]
    fn the_three_flags_say_the_same() {
        for args in [&["-l", "0-2,5"][..], &["-c", "0x27"], &["-c", "27"], &["--lcores=0-2,5"]] {
            assert_eq!(lcores(args), Ok((0, vec![1, 2, 5])), "{args:?}");
        }
    }

    #[test]
    fn lcores_may_be_placed_on_processors() {
        assert_eq!(
            lcores(&["--lcores", "0@0,1@0, (3,4-5)@(1,2), 9-7"]),
            Ok((0, vec![1, 3, 4, 5, 7, 8, 9]))
        );
    }

    #[test]
    fn the_main_lcore_is_the_lowest_or_the_one_named() {
        assert_eq!(lcores(&["-l", "4,2,3"]), Ok((2, vec![3, 4])));
        assert_eq!(lcores(&["-l", "2-4", "--main-lcore=3"]), Ok((3, vec![2, 4])));
        assert_eq!(
            lcores(&["-l", "2-4", "--main-lcore=5"]).unwrap_err().to_string(),
            "--main-lcore 5: not one of the lcores of this run (2, 3, 4); choose one of them or add it to the list"
        );
    }

    #[test]
    fn a_range_of_l_goes_up() {
        assert_eq!(
            lcores(&["-l", "3-2,5"]).unwrap_err().to_string(),
            "-l 3-2,5: the range 3-2 goes down; write -l 0-1 or -l 0,2,4-7"
        );
    }

    #[test]
    fn lcores_run_on_processors_that_there_are() {
        let sysfs = tempfile::tempdir().unwrap();
        let folder = sysfs.path().join("devices/system/cpu");
        for processor in ["cpu0", "cpu1"] {
            fs::create_dir_all(folder.join(processor)).unwrap();
        }
        fs::write(folder.join("online"), "0-1\n").unwrap();
        let check = |flag: &str, text: &str| {
            let eal = EalFlags::parse(&[flag.to_owned(), text.to_owned()]).unwrap();
            Lcores::of(&eal).unwrap().unwrap().check_processors(sysfs.path())
        };
        assert_eq!(check("-l", "0-1"), Ok(()));
        assert_eq!(check("--lcores", "0@0,(1-9)@1"), Ok(()));
        for (flag, text, absent) in
            [("-l", "0-2,5", 2), ("-c", "0x9", 3), ("--lcores", "0@1,1@(1,4)", 4)]
        {
            assert_eq!(
                check(flag, text),
                Err(LcoreError::NoProcessor { absent, present: "0-1".to_owned() })
            );
        }
    }

    #[test]
    fn errors_say_where_and_what_to_write() {
        assert_eq!(
            lcores(&["-l", "0-x"]).unwrap_err().to_string(),
            "-l 0-x: expected a number, found `x`; write -l 0-1 or -l 0,2,4-7"
        );
        assert_eq!(
            lcores(&["--lcores", "(0,1@2"]).unwrap_err().to_string(),
            "--lcores (0,1@2: expected `,` or `)`, found `@`; write --lcores 0-1, or --lcores 0@0,1@2,(3,4)@(3-4) \
             to say which lcores run on which processors"
        );
        assert_eq!(
            lcores(&["-c", "0"]).unwrap_err().to_string(),
            "-c 0: it names no lcore; write a hexadecimal mask, -c 0x3 for lcores 0 and 1"
        );
        assert_eq!(
            lcores(&["-l", "0-128"]).unwrap_err().to_string(),
            "-l 0-128: lcore 128 is too high, this DPDK numbers lcores from 0 to 127"
        );
        assert_eq!(
            lcores(&["-l", "0", "-c", "1"]).unwrap_err().to_string(),
            "-c and -l both say which lcores there are; give one of them"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "[0-9a-fx,()@ -]{0,24}|\\PC{0,12}") {
            for flag in ["c", "l", "lcores"] {
                let mut eal = EalFlags::default();
                eal.set(flag, Some(&text));
                if let Ok(Some(lcores)) = Lcores::of(&eal) {
                    prop_assert!((lcores.main.0 as usize) < MAX_LCORES);
                    prop_assert!(!lcores.workers.contains(&lcores.main));
                }
            }
        }

        #[test]
        fn a_list_of_numbers_is_those_numbers(ids in proptest::collection::btree_set(0u32..128, 1..9)) {
            let text = list(ids.iter()).replace(' ', "");
            let (main, workers) = lcores(&["-l", &text]).unwrap();
            let mut all = workers;
            all.insert(0, main);
            prop_assert_eq!(all, ids.into_iter().collect::<Vec<_>>());
        }
    }
}
