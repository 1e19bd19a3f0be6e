//! The side of the program that runs: a thread takes connections, a thread a client reads its lines and writes the
//! answers, and the session's loop carries the requests out, one after the other, in the order in which they came.
//!
//! A client has one request under way at a time, and the session hands its answer over without waiting, so that one that
//! does not read, or does not write, holds up its own thread and nobody else.

use super::SOCKET;
use super::listen::{self, ListenError};
use super::reply::Reply;
use super::request::{LONGEST, Received, receive};
use crate::failure::Failure;
use crate::settings::ControlSettings;
use crossbeam_channel::{Receiver, Sender, bounded, never};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How many clients there may be at a time; one more takes the place of the one that has been silent the longest.
const MOST: usize = 64;

/// How long a client gets to take an answer.
const WRITE: Duration = Duration::from_secs(5);

/// How long the end waits for answers that are being written.
const FAREWELL: Duration = Duration::from_secs(1);

/// How often the end looks whether they are.
const LOOK: Duration = Duration::from_millis(5);

/// Something that a client asks for.
pub(crate) struct Request {
    /// A line of the shell's grammar.
    pub(crate) line: String,
    answer: Sender<Reply>,
}

impl Request {
    /// Answers it. A client that is gone needs no answer.
    pub(crate) fn answer(self, reply: Reply) {
        let _ = self.answer.try_send(reply);
    }
}

/// The control socket. Dropping it removes its file, after what was answered has been written.
pub(crate) struct Server {
    path: Option<PathBuf>,
    requests: Receiver<Request>,
    clients: Arc<Clients>,
}

impl Server {
    /// Listens at the path that was given, or at that in `folder`; at none if none is wanted.
    ///
    /// # Errors
    ///
    /// [`ListenError`], and the system's if a thread cannot be started.
    pub(crate) fn open(settings: &ControlSettings, folder: &Path) -> Result<Self, ListenError> {
        let (sender, requests) = bounded(MOST);
        let clients = Arc::new(Clients::default());
        if !settings.enabled {
            return Ok(Self::closed());
        }
        let path = settings.socket.clone().unwrap_or_else(|| folder.join(SOCKET));
        let listener = listen::open(&path, settings)?;
        let taken = Arc::clone(&clients);
        // Not joined: it sits in accept until the program ends.
        thread::Builder::new()
            .name("control".to_owned())
            .spawn(move || take_connections(&listener, &taken, &sender))
            .map_err(|source| ListenError::System { path: path.clone(), source })?;
        Ok(Self { path: Some(path), requests, clients })
    }

    /// One that nobody can reach.
    pub(crate) fn closed() -> Self {
        Self { path: None, requests: never(), clients: Arc::default() }
    }

    /// Where requests arrive.
    pub(crate) fn requests(&self) -> &Receiver<Request> {
        &self.requests
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(path) = &self.path else { return };
        // If somebody else has removed it, it is gone all the same.
        let _ = fs::remove_file(path);
        let start = Instant::now();
        while self.clients.are_answered() && start.elapsed() < FAREWELL {
            thread::sleep(LOOK);
        }
    }
}

fn take_connections(listener: &UnixListener, clients: &Arc<Clients>, requests: &Sender<Request>) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // Out of file descriptors, say: those that are open go on, and one of them may end.
            thread::sleep(LOOK);
            continue;
        };
        let (clients, requests) = (Arc::clone(clients), requests.clone());
        let Ok(number) = clients.add(&stream) else { continue };
        // A client whose thread cannot be started finds its connection closed.
        let started = thread::Builder::new().name(format!("control-{number}")).spawn({
            let clients = Arc::clone(&clients);
            move || {
                // What breaks off a conversation is the client's own doing.
                let _ = serve(&stream, number, &clients, &requests);
                clients.remove(number);
            }
        });
        if started.is_err() {
            clients.remove(number);
        }
    }
}

/// Answers a client until it leaves.
fn serve(
    stream: &UnixStream,
    number: u64,
    clients: &Clients,
    requests: &Sender<Request>,
) -> io::Result<()> {
    stream.set_write_timeout(Some(WRITE))?;
    let mut input = BufReader::new(stream);
    loop {
        let received = receive(&mut input)?;
        let refused = |why: &str| Reply::failed(&Failure::input(anyhow::anyhow!(why.to_owned())));
        let (reply, last) = match received {
            Received::End => return Ok(()),
            Received::Unreadable(why) => (refused(why), false),
            Received::TooLong => (refused(&format!("a command has {LONGEST} bytes at most")), true),
            Received::Line(line) => {
                let (answer, answered) = bounded(1);
                clients.set(number, State::Asks);
                if requests.send(Request { line, answer }).is_err() {
                    return Ok(());
                }
                // A request that is dropped without an answer is one that the end overtook.
                let Ok(reply) = answered.recv() else { return Ok(()) };
                (reply, false)
            }
        };
        clients.set(number, State::Answered);
        (&*stream).write_all(reply.line().as_bytes())?;
        clients.set(number, State::Silent(Instant::now()));
        if last {
            return Ok(());
        }
    }
}

/// Who is connected.
#[derive(Default)]
struct Clients(Mutex<Table>);

#[derive(Default)]
struct Table {
    next: u64,
    clients: BTreeMap<u64, Client>,
}

struct Client {
    stream: UnixStream,
    state: State,
}

/// What a client is about.
#[derive(Clone, Copy)]
enum State {
    /// It has said nothing since then.
    Silent(Instant),
    /// It waits for an answer.
    Asks,
    /// The answer is being written.
    Answered,
}

impl Clients {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a client in, in another's place if there are too many; returns its number.
    fn add(&self, stream: &UnixStream) -> io::Result<u64> {
        let stream = stream.try_clone()?;
        let mut table = self.lock();
        if table.clients.len() >= MOST {
            let silent = table.clients.iter().filter_map(|(number, client)| match client.state {
                State::Silent(since) => Some((since, *number)),
                State::Asks | State::Answered => None,
            });
            // All of them ask: this one is turned away.
            let (_, longest) = silent.min().ok_or(io::ErrorKind::WouldBlock)?;
            if let Some(client) = table.clients.remove(&longest) {
                // Its thread sits in a read, which ends with this.
                let _ = client.stream.shutdown(Shutdown::Both);
            }
        }
        let number = table.next;
        table.next += 1;
        table.clients.insert(number, Client { stream, state: State::Silent(Instant::now()) });
        Ok(number)
    }

    fn remove(&self, number: u64) {
        self.lock().clients.remove(&number);
    }

    fn set(&self, number: u64, state: State) {
        if let Some(client) = self.lock().clients.get_mut(&number) {
            client.state = state;
        }
    }

    /// Whether somebody's answer is being written.
    fn are_answered(&self) -> bool {
        self.lock().clients.values().any(|client| matches!(client.state, State::Answered))
    }
}
