//! How cost grows, a small picture for each thing there may be more of; both axes logarithmic, so that a straight line is a power.

use super::svg::{Anchor, OURS, RULE, Svg};
use crate::bench::results::{Curve, Growth, Point};

const CELL: (f64, f64) = (250.0, 190.0);
const COLUMNS: usize = 3;
/// Left, top, right and bottom of what is drawn in a cell.
const FRAME: (f64, f64, f64, f64) = (40.0, 36.0, 230.0, 160.0);

pub(crate) fn draw(growth: &Growth) -> String {
    let rows = growth.curves.len().div_ceil(COLUMNS);
    let (width, height) = CELL;
    let mut svg = Svg::new(width * float(COLUMNS), height * float(rows));
    for (index, curve) in growth.curves.iter().enumerate() {
        let at = (
            width * float(index % COLUMNS),
            height * float(index / COLUMNS),
        );
        cell(&mut svg, at, curve);
    }
    svg.finish()
}

fn cell(svg: &mut Svg, (left, top): (f64, f64), curve: &Curve) {
    let title = format!("CPU us by {}", curve.of);
    svg.text((left + 10.0, top + 18.0), Anchor::Start, &title);
    let (x0, y0, x1, y1) = FRAME;
    svg.line((left + x0, top + y1), (left + x1, top + y1), RULE);
    svg.line((left + x0, top + y0), (left + x0, top + y1), RULE);
    let (across, up) = (Range::of(curve, across), Range::of(curve, up));
    let place = |point: &Point| {
        (
            left + x0 + (x1 - x0) * across.share(f64::from(point.count)),
            top + y1 - (y1 - y0) * up.share(point.cpu_us.median),
        )
    };
    for pair in curve.points.windows(2) {
        svg.line(place(&pair[0]), place(&pair[1]), OURS);
    }
    for point in &curve.points {
        let (x, y) = place(point);
        svg.dot((x, y), OURS);
        let figure = format!("{:.1}", point.cpu_us.median);
        svg.text((x, y - 8.0), Anchor::Middle, &figure);
        svg.text(
            (x, top + y1 + 16.0),
            Anchor::Middle,
            &point.count.to_string(),
        );
    }
}

fn across(point: &Point) -> f64 {
    f64::from(point.count)
}

fn up(point: &Point) -> f64 {
    point.cpu_us.median
}

struct Range {
    from: f64,
    to: f64,
}

impl Range {
    /// Room on both sides, and at least a factor of ten, so that noise looks like what it is.
    fn of(curve: &Curve, figure: fn(&Point) -> f64) -> Self {
        let figures = curve
            .points
            .iter()
            .map(|point| figure(point).max(0.1).log10());
        let (from, to) = figures.fold((f64::MAX, f64::MIN), |(from, to), figure| {
            (from.min(figure), to.max(figure))
        });
        let room = (1.0 - (to - from)).max(0.3) / 2.0;
        Self {
            from: from - room,
            to: to + room,
        }
    }

    fn share(&self, figure: f64) -> f64 {
        (figure.max(0.1).log10() - self.from) / (self.to - self.from)
    }
}

fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::render::sample;

    #[test]
    fn every_point_is_drawn_within_its_cell() {
        let growth = sample::results().growth.unwrap();
        let picture = draw(&growth);
        let points: usize = growth.curves.iter().map(|curve| curve.points.len()).sum();
        assert_eq!(picture.matches("<circle").count(), points);
        let range = Range::of(&growth.curves[0], up);
        for point in &growth.curves[0].points {
            assert!((0.0..=1.0).contains(&range.share(up(point))));
        }
    }
}
