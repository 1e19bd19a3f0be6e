//! The report as one HTML file that needs nothing beside itself.

use super::figures::Trial;
use super::picture::Picture;
use super::table;
use std::fmt::Write;

/// Looks like a printed page, in the dark too.
const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 16px/1.5 sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child { text-align: left; }
figure { margin: 2rem 0; }
figure svg { max-width: 100%; height: auto; border-radius: 6px; }
pre { overflow-x: auto; font-size: 13px; background: #8881; padding: 1rem; border-radius: 6px; }
.invalid { color: #b00020; font-weight: bold; }";

/// Writes the page: the table, the pictures, and the environment that made the figures.
pub(super) fn page(trials: &[Trial], pictures: &[Picture], environment: &str) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Pollway: round trips</title>\n\
         <style>\n{STYLE}\n</style>\n<h1>Round trips</h1>\n"
    );
    // Writing to a String cannot fail.
    for reason in table::reasons(trials) {
        let _ = writeln!(page, "<p class=\"invalid\">{}</p>", escaped(&reason));
    }
    page += "<table>\n<tr><th></th>";
    for trial in trials {
        let _ = write!(page, "<th>{}</th>", escaped(&trial.name));
    }
    page += "</tr>\n";
    for (label, figures) in table::rows(trials) {
        let _ = write!(page, "<tr><th>{}</th>", escaped(&label));
        for figure in figures {
            let _ = write!(page, "<td>{}</td>", escaped(&figure));
        }
        page += "</tr>\n";
    }
    page += "</table>\n";
    for picture in pictures {
        let _ = writeln!(page, "<figure id=\"{}\">{}</figure>", picture.name, picture.svg);
    }
    let _ = writeln!(page, "<h2>Environment</h2>\n<pre>{}</pre>\n</html>", escaped(environment));
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_table_pictures_and_environment_and_asks_for_nothing_else() {
        let trial = Trial { name: "a<b".to_owned(), sent: 12_345, ..Trial::default() };
        let pictures = [Picture { name: "histogram".into(), svg: "<svg></svg>".into() }];
        let page = page(&[trial], &pictures, "{ \"dpdk\": \"DPDK 1 & 2\" }");
        for part in ["<th>a&lt;b</th>", "<td>12345</td>", "<svg></svg>", "DPDK 1 &amp; 2"] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!page.contains("http"), "nothing is fetched");
    }
}
