//! `top`: ports, workers, drops and bursts, drawn on the whole terminal.

use super::Screen;
use crate::out::print;
use crate::render::load::{DROPS, LoadPage, PORTS, bursts, drops, ports, workers};
use crate::shell::prompt::{Executor, Flow};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::widgets::{Bar, BarChart, BarGroup, Block, LineGauge, Paragraph, Row, Table};
use ratatui::{Frame, Terminal};
use std::io;
use std::time::Duration;

/// How often it is drawn.
const PERIOD: Duration = Duration::from_millis(500);

/// Draws the load until a key is pressed; the last figures stay as text.
///
/// # Errors
///
/// The terminal's.
pub(in crate::shell) fn top<E: Executor>(
    screen: &Screen<'_>,
    executor: &mut E,
) -> io::Result<Flow> {
    let mut terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    let mut last = LoadPage::default();
    let flow = screen.repaint(executor, PERIOD, |executor| {
        last = executor.load().unwrap_or_default();
        terminal.draw(|frame| draw(frame, &last))?;
        Ok(Flow::Continue)
    })?;
    print(&last.to_string())?;
    Ok(flow)
}

fn draw(frame: &mut Frame<'_>, load: &LoadPage) {
    // A frame and its title take two lines, a table's head one more.
    let tall = |rows: usize, beside: u16| {
        Constraint::Length(u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(beside))
    };
    let [title, top, middle, bottom] = Layout::vertical([
        Constraint::Length(1),
        tall(load.ports.len(), 3),
        tall(load.workers.len(), 2),
        Constraint::Min(0),
    ])
    .areas(frame.area());
    let [left, right] =
        Layout::horizontal([Constraint::Percentage(40), Constraint::Percentage(60)]).areas(bottom);
    let words = format!(" {} forwarding, over {:.1} s; any key ends it", load.mode, load.seconds);
    frame.render_widget(Paragraph::new(words).bold(), title);
    draw_table(frame, top, "Ports", PORTS, ports(load));
    draw_workers(frame, middle, load);
    draw_table(frame, left, "Dropped", DROPS, drops(load));
    let bars: Vec<Bar<'_>> = bursts(load)
        .into_iter()
        .map(|(size, percent)| Bar::default().label(size).value(percent.round() as u64))
        .collect();
    let chart = BarChart::default().bar_width(5).max(100).data(BarGroup::default().bars(&bars));
    frame.render_widget(chart.block(Block::bordered().title("Received bursts by size, %")), right);
}

fn draw_table<const N: usize>(
    frame: &mut Frame<'_>,
    area: Rect,
    title: &str,
    head: [&'static str; N],
    rows: Vec<[String; N]>,
) {
    let table = Table::new(rows.into_iter().map(Row::new), [Constraint::Fill(1); N])
        .header(Row::new(head).bold())
        .block(Block::bordered().title(title));
    frame.render_widget(table, area);
}

/// A bar a worker, as long as it is busy.
fn draw_workers(frame: &mut Frame<'_>, area: Rect, load: &LoadPage) {
    let block = Block::bordered().title("Workers");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let labels = workers(load).into_iter().map(|row| {
        let [lcore, busy, packets, cycles] = row;
        format!("lcore {lcore:>3}  {busy:>7}  {packets:>12}  {cycles:>8} cycles/packet ")
    });
    for (line, (label, worker)) in inner.rows().zip(labels.zip(&load.workers)) {
        let gauge = LineGauge::default()
            .filled_style(Style::new().green())
            .ratio((worker.busy_percent / 100.0).clamp(0.0, 1.0))
            .label(label);
        frame.render_widget(gauge, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::load::tests::load;
    use ratatui::backend::TestBackend;

    #[test]
    fn everything_of_the_load_is_drawn() {
        let mut terminal = Terminal::new(TestBackend::new(100, 24)).unwrap();
        terminal.draw(|frame| draw(frame, &load())).unwrap();
        let cells = terminal.backend().buffer().content();
        let text: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
        for words in [
            "macswap forwarding",
            "net_null0",
            "1.5 Mpps",
            "lcore   1",
            "75.0 %",
            "tx_full",
            "Received bursts by size",
        ] {
            assert!(text.contains(words), "no {words} in {text}");
        }
    }

    #[test]
    fn a_terminal_of_any_size_is_drawn_on() {
        for (columns, rows) in [(1, 1), (3, 2), (20, 5), (500, 200)] {
            let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
            terminal.draw(|frame| draw(frame, &load())).unwrap();
        }
    }
}
