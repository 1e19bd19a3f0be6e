//! Trials in one table, a column each.

use super::figures::{Distribution, Fates, Trial};
use crate::render::rate::packets_a_second;
use crate::render::time::nanoseconds;
use comfy_table::{Table, TableStyle};

/// The percentiles of the table and their names.
const PERCENTILES: [(&str, f64); 6] =
    [("min", 0.0), ("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9), ("max", 100.0)];

/// A count's name, and how it is read.
type Count = (&'static str, fn(&Fates) -> u64);

/// Which times of a trial.
type Times = fn(&Trial) -> &Distribution;

/// The rows: a label, and what stands below each trial's name.
pub(super) fn rows(trials: &[Trial]) -> Vec<(String, Vec<String>)> {
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    let mut row = |label: &str, figure: &dyn Fn(&Trial) -> String| {
        rows.push((label.to_owned(), trials.iter().map(figure).collect()));
    };
    row("rate asked", &|trial| trial.asked.clone());
    row("rate sent", &|trial| packets_a_second(trial.sent_pps));
    row("packets sent", &|trial| trial.sent.to_string());
    let counts: [Count; 6] = [
        ("received", |fates| fates.received),
        ("lost", |fates| fates.lost),
        ("duplicated", |fates| fates.duplicated),
        ("reordered", |fates| fates.reordered),
        ("late", |fates| fates.late),
        ("corrupted", |fates| fates.corrupted),
    ];
    for (label, count) in counts {
        row(label, &|trial| {
            trial.fates.as_ref().map_or("not measured".to_owned(), |fates| count(fates).to_string())
        });
    }
    let time = |ns: Option<u64>| ns.map_or("none".to_owned(), nanoseconds);
    for (label, percent) in PERCENTILES {
        row(&format!("delay {label}"), &|trial| time(trial.delay.percentile(percent)));
    }
    row("receive clock", &|trial| match trial.hardware_error_ns {
        Some(error) => format!("device's, ±{}", nanoseconds(error)),
        None => "software's".to_owned(),
    });
    if trials.iter().any(|trial| trial.hardware.count > 0) {
        for (label, percent) in PERCENTILES {
            row(&format!("hardware delay {label}"), &|trial| {
                time(trial.hardware.percentile(percent))
            });
        }
    }
    if trials.iter().any(|trial| trial.corrected.count > 0) {
        row("corrected p50", &|trial| time(trial.corrected.percentile(50.0)));
        row("corrected p99", &|trial| time(trial.corrected.percentile(99.0)));
    }
    row("from intended departure p50", &|trial| time(trial.intended.percentile(50.0)));
    row("from intended departure p99", &|trial| time(trial.intended.percentile(99.0)));
    let errors: [(&str, Times); 2] = [
        ("departure error", |trial| &trial.departure_error),
        ("between stalls", |trial| &trial.steady_departure_error),
    ];
    for (error, of) in errors {
        for (label, percent) in [("p50", 50.0), ("p99", 99.0), ("p99.9", 99.9), ("max", 100.0)] {
            row(&format!("{error} {label}"), &|trial| time(of(trial).percentile(percent)));
        }
    }
    if trials.iter().any(|trial| trial.own.delay_ns.is_some()) {
        row("own delay p50", &|trial| time(trial.own.delay_ns.map(|(median, _)| median)));
        row("own delay spread", &|trial| time(trial.own.delay_ns.map(|(_, spread)| spread)));
    }
    row("own longest gap between polls", &|trial| nanoseconds(trial.own.longest_gap_ns));
    row("own stalls", &|trial| trial.own.stalls.to_string());
    row("received right after a stall", &|trial| trial.own.touched.to_string());
    row("valid", &|trial| if trial.invalid.is_empty() { "yes" } else { "no" }.to_owned());
    rows
}

/// The table for a terminal.
pub(super) fn text(trials: &[Trial]) -> String {
    let lines = reasons(trials).into_iter().map(|line| line + "\n");
    laid_out(trials, comfy_table::presets::UTF8_BORDERS_ONLY) + &lines.collect::<String>()
}

/// The table for a page of documentation.
pub(super) fn markdown(trials: &[Trial]) -> String {
    let items = reasons(trials).into_iter().map(|line| format!("\n- {line}"));
    laid_out(trials, comfy_table::presets::ASCII_MARKDOWN) + &items.collect::<String>() + "\n"
}

fn laid_out(trials: &[Trial], style: TableStyle) -> String {
    let mut table = Table::new();
    table.load_style(style);
    table.set_header(std::iter::once("").chain(trials.iter().map(|trial| trial.name.as_str())));
    for (label, figures) in rows(trials) {
        table.add_row(std::iter::once(label).chain(figures));
    }
    format!("{table}\n")
}

/// Why trials are not valid, each reason once: with the names of those that it is true of, unless that is all of them.
pub(super) fn reasons(trials: &[Trial]) -> Vec<String> {
    let mut whys: Vec<&String> = Vec::new();
    for why in trials.iter().flat_map(|trial| &trial.invalid) {
        if !whys.contains(&why) {
            whys.push(why);
        }
    }
    let line = |why: &String| {
        let of: Vec<&Trial> = trials.iter().filter(|trial| trial.invalid.contains(why)).collect();
        if of.len() == trials.len() {
            return format!("Not valid: {why}");
        }
        let names: Vec<&str> = of.iter().map(|trial| trial.name.as_str()).collect();
        format!("Not valid ({}): {why}", names.join(", "))
    };
    whys.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::r#gen::figures::{Own, distribution};

    #[test]
    fn a_column_a_trial() {
        let (delay, hardware) = (distribution(&[1000; 9]), distribution(&[900; 9]));
        let fates = Some(Fates { received: 9, lost: 1, ..Fates::default() });
        let name = "io".to_owned();
        let own = Own { longest_gap_ns: 2500, delay_ns: Some((270, 40)), ..Own::default() };
        let hardware_error_ns = Some(80);
        let measured = Trial {
            name,
            delay,
            hardware,
            hardware_error_ns,
            fates,
            own,
            sent: 10,
            ..Trial::default()
        };
        let (name, why) = ("file".to_owned(), "too slow".to_owned());
        let replayed = Trial { name, invalid: vec![why], ..Trial::default() };
        let drawn = text(&[measured.clone(), replayed]);
        let line = |label: &str| {
            drawn.lines().find(|line| line.contains(label)).unwrap_or_default().to_owned()
        };
        assert!(line("lost").contains("1") && line("lost").contains("not measured"), "{drawn}");
        assert!(line("delay p99.9").contains("1.00 µs"), "{drawn}");
        assert!(line("hardware delay p50").contains("900 ns"), "{drawn}");
        let clocks = line("receive clock");
        assert!(clocks.contains("device's, ±80 ns") && clocks.contains("software's"), "{drawn}");
        assert!(line("own delay p50").contains("270 ns"), "{drawn}");
        assert!(line("own longest gap").contains("2.50 µs"), "{drawn}");
        assert_eq!(drawn.matches("Not valid (file): too slow").count(), 1);
        let alone = Trial { invalid: vec!["too slow".to_owned()], ..Trial::default() };
        assert!(text(&[alone]).ends_with("\nNot valid: too slow\n"));
        assert!(markdown(&[measured]).starts_with("|"), "{drawn}");
    }
}
