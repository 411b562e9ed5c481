//! Plots as SVG, written by hand: no library, no fonts of ours, and the same bytes for the same numbers.

use std::fmt::Write as _;

use crate::stats::Summary;

const WIDTH: f64 = 760.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 30.0;
const ROW: f64 = 26.0;
const TOP: f64 = 46.0;

/// One line of a plot: a dot at the median, a bar from quarter to quarter.
pub struct Dots {
    pub name: String,
    pub summary: Summary,
}

/// A plot of samples, one under the other on one scale that begins at 0. The limit, if there is one, is a vertical line.
pub fn dots(title: &str, unit: &str, lines: &[Dots], limit: Option<(f64, &str)>) -> String {
    let most = lines.iter().map(|line| line.summary.high).chain(limit.map(|(at, _)| at)).fold(0.0, f64::max);
    let scale = Scale { most: nice(most * 1.05) };
    let height = TOP + ROW * lines.len() as f64 + 44.0;
    let mut svg = open(title, height);
    scale.axis(&mut svg, height - 34.0, unit);
    for (number, line) in lines.iter().enumerate() {
        let y = TOP + ROW * number as f64 + ROW / 2.0;
        text(&mut svg, LEFT - 10.0, y + 4.0, "end", &line.name);
        let (low, high) = (scale.x(line.summary.low), scale.x(line.summary.high));
        let _ = writeln!(
            svg,
            r##"<line x1="{low:.1}" y1="{y:.1}" x2="{high:.1}" y2="{y:.1}" stroke="#9db8d9" stroke-width="8"/>"##
        );
        let _ =
            writeln!(svg, r##"<circle cx="{:.1}" cy="{y:.1}" r="4" fill="#1f4e8c"/>"##, scale.x(line.summary.median));
        text(&mut svg, high + 8.0, y + 4.0, "start", &format!("{:.1}", line.summary.median));
    }
    if let Some((at, name)) = limit {
        let x = scale.x(at);
        let _ = writeln!(
            svg,
            r##"<line x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{:.1}" stroke="#b3261e" stroke-dasharray="4 3"/>"##,
            height - 34.0
        );
        text(&mut svg, x, TOP - 6.0, "middle", name);
    }
    svg + "</svg>\n"
}

/// One row of a plot of bars.
pub struct Bar {
    pub name: String,
    pub value: f64,
    /// Stands behind the bar.
    pub label: String,
    /// One of two colours.
    pub ours: bool,
}

/// A plot of bars, one under the other.
pub fn bars(title: &str, unit: &str, bars: &[Bar]) -> String {
    let most = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let scale = Scale { most: nice(most * 1.05) };
    let height = TOP + ROW * bars.len() as f64 + 44.0;
    let mut svg = open(title, height);
    scale.axis(&mut svg, height - 34.0, unit);
    for (number, bar) in bars.iter().enumerate() {
        let y = TOP + ROW * number as f64;
        let end = scale.x(bar.value);
        let colour = if bar.ours { "#1f4e8c" } else { "#b08a4f" };
        text(&mut svg, LEFT - 10.0, y + 17.0, "end", &bar.name);
        let _ = writeln!(
            svg,
            r#"<rect x="{LEFT}" y="{:.1}" width="{:.1}" height="16" fill="{colour}"/>"#,
            y + 5.0,
            end - LEFT
        );
        text(&mut svg, end + 8.0, y + 17.0, "start", &bar.label);
    }
    svg + "</svg>\n"
}

struct Scale {
    most: f64,
}

impl Scale {
    fn x(&self, value: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT - 50.0) * value / self.most
    }

    fn axis(&self, svg: &mut String, y: f64, unit: &str) {
        for step in 0..=4 {
            let value = self.most * f64::from(step) / 4.0;
            let x = self.x(value);
            let _ = writeln!(svg, r##"<line x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{y:.1}" stroke="#dddddd"/>"##);
            text(svg, x, y + 16.0, "middle", &short(value));
        }
        text(svg, WIDTH - RIGHT, y + 16.0, "end", unit);
    }
}

fn open(title: &str, height: f64) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"13\" fill=\"#222222\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    text(&mut svg, 14.0, 20.0, "start", title);
    svg
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(svg, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#);
}

/// The next of 1, 2, 4, 5, 8 times a power of ten.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1e-9).log10().floor());
    [1.0, 2.0, 4.0, 5.0, 8.0, 10.0].into_iter().map(|step| step * power).find(|step| *step >= value).unwrap_or(value)
}

fn short(value: f64) -> String {
    if value >= 10.0 || value == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_has_its_names_made_harmless_and_ends() {
        let bar = Bar { name: "a < b & c".into(), value: 3.0, label: "3".into(), ours: true };
        let plot = bars("Title", "ms", &[bar]);
        assert!(plot.starts_with("<svg ") && plot.ends_with("</svg>\n") && plot.contains("a &lt; b &amp; c"), "{plot}");
    }

    #[test]
    fn the_scale_ends_at_a_round_number() {
        assert_eq!([0.7, 1.0, 3.0, 4.2, 61.0, 130.0].map(nice), [0.8, 1.0, 4.0, 5.0, 80.0, 200.0]);
    }
}
