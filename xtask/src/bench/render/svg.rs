//! The few shapes that pictures here are made of. Each picture has a white ground, so that it reads on a dark page too.

use std::fmt::Write as _;

/// One picture.
#[derive(Debug)]
pub(crate) struct Svg {
    body: String,
    size: (f64, f64),
}

/// Which end of a text is at its place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    pub(crate) const fn new(width: f64, height: f64) -> Self {
        Self {
            body: String::new(),
            size: (width, height),
        }
    }

    pub(crate) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        self.add(&format!(
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{text}</text>"#
        ));
    }

    pub(crate) fn bar(&mut self, (x, y): (f64, f64), width: f64, height: f64, fill: &str) {
        self.add(&format!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill="{fill}"/>"#
        ));
    }

    pub(crate) fn line(&mut self, (x, y): (f64, f64), (to_x, to_y): (f64, f64), stroke: &str) {
        self.add(&format!(
            r#"<line x1="{x:.1}" y1="{y:.1}" x2="{to_x:.1}" y2="{to_y:.1}" stroke="{stroke}"/>"#
        ));
    }

    pub(crate) fn dot(&mut self, (x, y): (f64, f64), fill: &str) {
        self.add(&format!(
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{fill}"/>"#
        ));
    }

    fn add(&mut self, shape: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "{shape}");
    }

    pub(crate) fn finish(self) -> String {
        let (width, height) = self.size;
        let frame = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" fill="{INK}">"#
        );
        let ground = format!(r#"<rect width="{width}" height="{height}" fill="white"/>"#);
        format!("{frame}\n{ground}\n{}</svg>\n", self.body)
    }
}

/// Of text.
const INK: &str = "#222222";
/// Of rules that help the eye.
pub(crate) const RULE: &str = "#cccccc";
/// Of ourselves.
pub(crate) const OURS: &str = "#2a6f97";
/// Of everybody else.
pub(crate) const THEIRS: &str = "#adb5bd";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_leave_its_element() {
        let mut svg = Svg::new(10.0, 10.0);
        svg.text((1.0, 2.0), Anchor::Start, "a < b & c");
        let text = svg.finish();
        assert!(text.contains(">a &lt; b &amp; c</text>"), "{text}");
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"));
    }
}
