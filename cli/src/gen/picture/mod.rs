//! Pictures of trials as SVG: one file a picture, several trials in one picture each with its colour.

mod canvas;
mod heat_map;
mod histogram;
mod over_time;
mod percentiles;

use super::figures::Trial;
use canvas::PictureError;

/// A picture, ready to be written to a file or put into a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// The file's name without its ending.
    pub(crate) name: String,
    /// The SVG document.
    pub(crate) svg: String,
}

/// All pictures of trials. Those for which nothing was recorded are left out.
///
/// # Errors
///
/// [`PictureError`], if the drawing library refuses.
pub(crate) fn all(trials: &[Trial]) -> Result<Vec<Picture>, PictureError> {
    let mut pictures = Vec::new();
    let mut add = |name: &str, svg: String| pictures.push(Picture { name: name.to_owned(), svg });
    if trials.iter().any(|trial| trial.delay.count > 0) {
        add("histogram", histogram::draw(trials)?);
        add("percentiles", percentiles::round_trips(trials)?);
    }
    if trials.iter().any(|trial| trial.departure_error.count > 0) {
        add("departure-error", percentiles::departures(trials)?);
    }
    if trials.iter().any(|trial| !trial.seconds.is_empty()) {
        add("rate-over-time", over_time::rate(trials)?);
    }
    let with_times = |trial: &&Trial| trial.seconds.iter().any(|s| s.delay.count > 0);
    if trials.iter().any(|trial| with_times(&trial)) {
        add("latency-over-time", over_time::latency(trials)?);
    }
    for (number, trial) in trials.iter().filter(with_times).enumerate() {
        let name = match number {
            0 => "heat-map".to_owned(),
            number => format!("heat-map-{}", number + 1),
        };
        add(&name, heat_map::draw(trial)?);
    }
    Ok(pictures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::r#gen::figures::{Distribution, Second, distribution};

    /// A trial of three seconds whose times lie around `ns`.
    fn trial(name: &str, ns: u64) -> Trial {
        let delay = distribution(&(0..1000).map(|n| ns + n * n).collect::<Vec<_>>());
        let second = |at: u32| Second {
            at_s: at.into(),
            sent_pps: 1e6,
            received_pps: 0.9e6,
            delay: delay.clone(),
        };
        let seconds = (1..=3).map(second).collect();
        let departure_error = delay.clone();
        Trial { name: name.to_owned(), seconds, delay, departure_error, ..Trial::default() }
    }

    #[test]
    fn every_picture_is_one_svg_that_names_its_trials() {
        let pictures = all(&[trial("io <fast>", 900), trial("bridge", 45_000)]).unwrap();
        let names: Vec<&str> = pictures.iter().map(|picture| picture.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "histogram",
                "percentiles",
                "departure-error",
                "rate-over-time",
                "latency-over-time",
                "heat-map",
                "heat-map-2"
            ]
        );
        for picture in &pictures[..5] {
            assert!(picture.svg.starts_with("<svg"), "{}", picture.svg);
            assert!(picture.svg.trim_end().ends_with("</svg>"));
            assert!(picture.svg.contains("io &lt;fast&gt;"), "{}", picture.svg);
            assert!(picture.svg.contains("bridge"));
        }
        assert!(!pictures[5].svg.contains("bridge"));
    }

    #[test]
    fn a_trial_without_a_packet_has_the_pictures_that_it_can_have() {
        let (delay, departure_error) = (Distribution::default(), Distribution::default());
        let empty = Trial { delay, departure_error, ..trial("down", 1) };
        let silent = Trial { seconds: Vec::new(), ..empty };
        assert_eq!(all(&[silent]).unwrap(), []);
        assert_eq!(all(&[]).unwrap(), []);
    }
}
