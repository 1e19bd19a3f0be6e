//! testpmd's flags that Pollway does not have, and the nearest thing that it has; and those that ask for what it always does.

/// A flag of testpmd's that is refused by name.
struct Refused {
    /// Without dashes.
    name: &'static str,
    /// What to do instead.
    instead: &'static str,
}

const fn refused(name: &'static str, instead: &'static str) -> Refused {
    Refused { name, instead }
}

/// All of them.
const REFUSED: &[Refused] = &[
    refused(
        "hairpin-mode",
        "there are no hairpin queues; --port-topology=loop sends a port's packets back",
    ),
    refused(
        "hairpinq",
        "there are no hairpin queues; --port-topology=loop sends a port's packets back",
    ),
    refused("mp-alloc", "pools are native; --no-huge gives them ordinary memory"),
    refused("mp-anon", "pools are native; --no-huge gives them ordinary memory"),
    refused("multi-rx-mempool", "a queue has one pool; --mbuf-size sets the size of its packets"),
    refused("no-iova-contig", "pools are native; --iova-mode=va needs no contiguous memory"),
    refused("num-procs", "one process forwards; give each its own --file-prefix"),
    refused("proc-id", "one process forwards; give each its own --file-prefix"),
    refused("rxhdrs", "packets are not split; --mbuf-size sets the size of their first mbuf"),
    refused("rxoffs", "packets are not split; --mbuf-size sets the size of their first mbuf"),
    refused("rxpkts", "packets are not split; --mbuf-size sets the size of their first mbuf"),
];

/// What is always done, so that who asks for it gets it.
const ALWAYS: &[&str] = &[
    // The memory of a port is on its device's node.
    "--numa",
    // No memory is locked beside EAL's own.
    "--no-mlockall",
    "--mp-alloc=native",
];

/// Whether an argument asks for what is always done.
pub(crate) fn is_always_so(argument: &str) -> bool {
    ALWAYS.contains(&argument)
}

/// Why an argument is refused, if it is one of those.
pub(crate) fn refusal(argument: &str) -> Option<String> {
    let name = argument.strip_prefix("--")?.split('=').next()?;
    let flag = REFUSED.iter().find(|flag| flag.name == name)?;
    Some(format!("--{name} is testpmd's and not Pollway's: {}\n", flag.instead))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::app::AppFlags;
    use clap::Args;

    #[test]
    fn a_refused_flag_is_named_with_what_there_is() {
        let text = refusal("--hairpinq=2").unwrap();
        assert!(text.starts_with("--hairpinq is testpmd's") && text.contains("loop"), "{text}");
        assert_eq!(refusal("--rxq=2"), None);
        assert_eq!(refusal("hairpinq"), None);
    }

    #[test]
    fn no_flag_is_refused_that_there_is() {
        let command = AppFlags::augment_args(clap::Command::new("fwd"));
        for argument in command.get_arguments().filter_map(clap::Arg::get_long) {
            assert_eq!(refusal(&format!("--{argument}")), None);
        }
    }
}
