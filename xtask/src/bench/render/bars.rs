//! CPU time a request of all sides, as bars on a logarithmic scale: the slowest takes a hundred times the fastest.

use super::svg::{Anchor, OURS, RULE, Svg, THEIRS};
use crate::bench::results::{Measured, Requests};
use crate::bench::side::{Program, Side, Work};

const WIDTH: f64 = 760.0;
/// Room for the longest title.
const LEFT: f64 = 200.0;
/// Room for the figure behind the longest bar.
const RIGHT: f64 = 110.0;
const TOP: f64 = 40.0;
const ROW: f64 = 24.0;
const BAR: f64 = 16.0;

pub(crate) fn draw(requests: &Requests) -> String {
    let sides = &requests.sides;
    let height = TOP + ROW * count(sides) + 10.0;
    let mut svg = Svg::new(WIDTH, height);
    svg.text((LEFT, 16.0), Anchor::Start, "CPU microseconds a request");
    let scale = Scale::of(sides);
    for tick in scale.ticks() {
        let x = scale.x(tick);
        svg.line((x, TOP - 6.0), (x, height - 6.0), RULE);
        svg.text((x, TOP - 10.0), Anchor::Middle, &tick.to_string());
    }
    let base = requests.of(Side::Bare).map(|bare| bare.cpu_us.median);
    let mut y = TOP;
    for measured in sides {
        row(&mut svg, &scale, y, measured, base);
        y += ROW;
    }
    svg.finish()
}

fn row(svg: &mut Svg, scale: &Scale, y: f64, measured: &Measured, base: Option<f64>) {
    let micros = measured.cpu_us.median;
    let end = scale.x(micros);
    let middle = y + BAR - 4.0;
    svg.text((LEFT - 8.0, middle), Anchor::End, measured.side.title());
    svg.bar((LEFT, y), end - LEFT, BAR, colour(measured.side));
    let ratio = base.map_or_else(String::new, |base| format!(" (x {:.1})", micros / base));
    let figure = format!("{micros:.1}{ratio}");
    svg.text((end + 6.0, middle), Anchor::Start, &figure);
}

fn colour(side: Side) -> &'static str {
    match side.program(Work::Hello) {
        Program::Service => OURS,
        _ => THEIRS,
    }
}

fn count(sides: &[Measured]) -> f64 {
    sides.iter().fold(0.0, |count, _| count + 1.0)
}

struct Scale {
    most: f64,
}

impl Scale {
    fn of(sides: &[Measured]) -> Self {
        let figures = sides.iter().map(|side| side.cpu_us.median);
        Self {
            most: figures.fold(10.0, f64::max),
        }
    }

    /// One is at the left.
    fn x(&self, micros: f64) -> f64 {
        let share = micros.max(1.0).log10() / self.most.log10();
        LEFT + (WIDTH - LEFT - RIGHT) * share
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let most = self.most;
        [1.0, 10.0, 100.0, 1000.0, 10_000.0]
            .into_iter()
            .filter(move |tick| *tick <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::render::sample;

    #[test]
    fn every_side_has_a_bar_and_its_figure() {
        let requests = sample::results().requests.unwrap();
        let picture = draw(&requests);
        for measured in &requests.sides {
            assert!(picture.contains(measured.side.title()), "{picture}");
        }
        assert!(picture.contains("14.0 (x 1.4)"), "{picture}");
        let bars = picture.matches("<rect x=").count();
        assert_eq!(bars, requests.sides.len());
    }
}
