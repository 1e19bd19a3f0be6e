//! The list of tests. Two run at a time, as each guest keeps one processor of the host's busy, so they are named here rather than
//! found by `#[test]`.

use crate::{guest, lab};
use libtest_mimic::{Conclusion, Trial};

/// A test: it has passed if it returns.
pub(crate) struct Test {
    pub(crate) module: &'static str,
    pub(crate) name: &'static str,
    /// Why it cannot run on this machine, beside what keeps every guest from it.
    pub(crate) lacks: fn() -> Option<String>,
    pub(crate) run: fn(),
}

/// Names a module's tests; where one takes programs of the host's, `unless` says which are missing.
macro_rules! tests {
    ($($name:ident $(unless $lacks:expr)?),+ $(,)?) => {
        pub(crate) const TESTS: &[crate::test::Test] = &[$(crate::test::Test {
            module: module_path!(),
            name: stringify!($name),
            lacks: || None$(.or_else(|| $lacks))?,
            run: $name,
        }),+];
    };
}

impl Test {
    /// As the harness takes it, with the name that `#[test]` would give it.
    fn trial(&'static self) -> Trial {
        let module = self.module.split_once("::").map_or("", |(_, module)| module);
        Trial::test(format!("{module}::{}", self.name), || {
            match (self.lacks)().or_else(guest::lacks) {
                Some(reason) => lab::skip(self.name, &reason),
                None => (self.run)(),
            }
            Ok(())
        })
    }
}

/// Runs tests as the command line says.
pub(crate) fn run(tests: impl Iterator<Item = &'static Test>) -> Conclusion {
    let mut arguments = libtest_mimic::Arguments::from_args();
    arguments.test_threads.get_or_insert(2);
    libtest_mimic::run(&arguments, tests.map(Test::trial).collect())
}
