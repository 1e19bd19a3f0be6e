//! testpmd's shell, which is also pollway's, through a pipe.

use super::console::Console;

/// A program that waits at its prompt.
pub(crate) struct Shell {
    pub(crate) console: Console,
    prompt: &'static str,
}

impl Shell {
    /// Waits for the first prompt.
    pub(crate) fn of(mut console: Console, prompt: &'static str) -> Self {
        console.wait_for(prompt);
        Self { console, prompt }
    }

    /// What it answers to a command.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        self.console.type_line(line);
        // Both show the line that was typed.
        self.console.wait_for("\n");
        let answer = self.console.wait_for(self.prompt);
        answer.strip_suffix(self.prompt).unwrap().to_owned()
    }

    /// A figure of a port now, such as `RX-packets`.
    pub(crate) fn port_figure(&mut self, port: usize, name: &str) -> u64 {
        let table = self.ask(&format!("show port stats {port}"));
        let mut words = table.split_whitespace();
        let figure = words.find(|word| word.strip_suffix(':') == Some(name)).and(words.next());
        figure.unwrap_or_else(|| panic!("no {name} in {table}")).parse().unwrap()
    }

    /// Waits until a figure of a port has reached `least`.
    pub(crate) fn wait_for_figure(&mut self, port: usize, name: &str, least: u64) {
        super::wait_for(&format!("{least} {name} of port {port}"), || {
            (self.port_figure(port, name) >= least).then_some(())
        });
    }
}
