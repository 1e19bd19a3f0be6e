//! Files of programs that ran or run: sockets, file prefixes, hugepages that the dead left behind.

use super::finding::{Check, Mend, Problem, Severity};
use super::subject::Subject;
use super::word::quoted;
use dataplane::prefix::{Leftover, Prefix};
use std::path::{Path, PathBuf};

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "sockets.folder",
        about: "the folders of the ports' sockets are there, and this user may write there",
        why: "a socket is made in its folder when the port starts",
        look: folder,
    },
    Check {
        name: "sockets.taken",
        about: "no other program has a socket that a port is to make",
        why: "two programs cannot listen at one path; one that a program left which is gone is taken over",
        look: taken,
    },
    Check {
        name: "prefix.free",
        about: "no other program runs with the same file prefix",
        why: "two programs of one prefix would take each other's memory, so EAL lets in one",
        look: free,
    },
    Check {
        name: "prefix.leftover",
        about: "no hugepages are held by files of programs that are gone",
        why: "nobody can use those pages until the files are removed",
        look: leftover,
    },
];

/// The sockets that ports of the configuration listen at or connect to, and whether they listen.
fn sockets(subject: &Subject) -> Vec<(PathBuf, bool)> {
    let of = |spec: &dataplane::port::device::DeviceSpec| {
        let option = |key: &str| {
            spec.args.split(',').find_map(|option| option.strip_prefix(key)).map(PathBuf::from)
        };
        let says = |text: &str| spec.args.split(',').any(|option| option == text);
        match spec.name.as_str() {
            name if name.starts_with("net_vhost") => Some((option("iface=")?, !says("client=1"))),
            name if name.starts_with("net_virtio_user") => {
                Some((option("path=")?, says("server=1")))
            }
            name if name.starts_with("net_memif") => {
                Some((option("socket=")?, says("role=server")))
            }
            _ => None,
        }
    };
    subject.needs.virtual_devices.iter().filter_map(of).collect()
}

fn folder(subject: &Subject) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (socket, _) in sockets(subject).iter().filter(|(_, listens)| *listens) {
        let Some(folder) = socket.parent().filter(|folder| folder.is_absolute()) else { continue };
        let (at, shown) = (subject.machine.path(folder), quoted(folder));
        if !at.is_dir() {
            let what = format!("there is no folder {} for {}", folder.display(), socket.display());
            problems.push(Problem::error(what, Mend::Run(format!("mkdir -p {shown}"))));
        } else if !subject.user.may_write(&at) {
            let uid = subject.user.uid;
            let what = format!("user {uid} may not make a socket in {}", folder.display());
            problems.push(Problem::error(what, Mend::Decide(format!("chown {uid} {shown}"))));
        }
    }
    problems
}

/// Source: proc(5), `/proc/net/unix`: the last column is the path that a socket is bound to.
fn taken(subject: &Subject) -> Vec<Problem> {
    let bound = subject.machine.read("proc/net/unix").unwrap_or_default();
    let is_bound = |socket: &Path| {
        bound.lines().any(|line| line.split_whitespace().last().map(Path::new) == Some(socket))
    };
    let taken = sockets(subject)
        .into_iter()
        .filter(|(socket, listens)| *listens && subject.machine.has(socket) && is_bound(socket));
    let problem = |(socket, _): (PathBuf, bool)| {
        let what = format!("another program has {}", socket.display());
        Problem::error(what, Mend::Do("stop it, or name another path".to_owned()))
    };
    taken.map(problem).collect()
}

fn free(subject: &Subject) -> Vec<Problem> {
    let given = subject.needs.file_prefix.as_deref();
    let name = given.unwrap_or(Prefix::DEFAULT);
    if !Prefix::on(&subject.machine, name).is_taken() {
        return Vec::new();
    }
    let what = format!("a DPDK program runs with the file prefix '{name}'");
    let (severity, mend) = match given {
        Some(_) => (
            Severity::Error,
            "give this one a name of its own: eal.file_prefix, --file-prefix=NAME",
        ),
        None => (Severity::Note, "nothing: Pollway takes another one by itself"),
    };
    vec![Problem { severity, what, mend: Mend::Do(mend.to_owned()) }]
}

fn leftover(subject: &Subject) -> Vec<Problem> {
    let problem = |left: Leftover| {
        let folder = subject.shown(&left.folder);
        let what = format!(
            "{} files in {folder} hold hugepages for the prefix '{}', whose program is gone",
            left.files, left.prefix
        );
        let start = quoted(Path::new(&folder).join(format!("{}map_", left.prefix)));
        Problem::warning(what, Mend::Run(format!("rm {start}*")))
    };
    Leftover::all(&subject.machine).into_iter().map(problem).collect()
}
