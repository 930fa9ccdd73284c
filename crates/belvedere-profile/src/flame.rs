//! A flame graph as one picture without scripts: widths are shares of CPU time, callers stand below what they call, and the
//! browser shows the whole of a name where the mouse rests.

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    fmt::Write,
    hash::{Hash, Hasher},
    time::Duration,
};

use crate::stacks::Stacks;

/// Wide enough for a browser's window.
const WIDTH: f64 = 1600.0;
const ROW: f64 = 17.0;
/// For the title above.
const HEAD: f64 = 34.0;
/// Narrower ones would not be seen.
const MIN_WIDTH: f64 = 0.3;
/// Of one letter at 11 pixels, about.
const LETTER: f64 = 6.6;

/// All stacks that begin alike, and those above them.
#[derive(Default)]
struct Node<'s> {
    count: u64,
    above: BTreeMap<&'s str, Node<'s>>,
}

impl<'s> Node<'s> {
    fn of(stacks: &'s Stacks) -> Self {
        let mut root = Node::default();
        for stack in &stacks.0 {
            root.count += stack.count;
            let names = stack.calls.iter().map(|call| &*call.name);
            let names = std::iter::once(&*stack.thread).chain(names);
            names.fold(&mut root, |below, name| {
                let node = below.above.entry(name).or_default();
                node.count += stack.count;
                node
            });
        }
        root
    }

    fn height(&self) -> usize {
        1 + self
            .above
            .values()
            .map(Self::height)
            .max()
            .unwrap_or_default()
    }
}

pub(crate) fn render(stacks: &Stacks, took: Duration) -> String {
    let root = Node::of(stacks);
    let height = HEAD + ROW * root.height() as f64;
    let mut picture = Picture {
        svg: String::new(),
        height,
        total: root.count.max(1) as f64,
    };
    let title = format!("{} stacks in {:.1} s", stacks.total(), took.as_secs_f64());
    picture.begin(&title);
    picture.draw("all", &root, 0.0, 0);
    picture.svg.push_str("</svg>\n");
    picture.svg
}

struct Picture {
    svg: String,
    height: f64,
    total: f64,
}

impl Picture {
    fn begin(&mut self, title: &str) {
        let height = self.height;
        self.add(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"monospace\" font-size=\"11\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
             <text x=\"8\" y=\"22\" font-size=\"14\">{title}</text>\n",
        ));
    }

    fn draw(&mut self, name: &str, node: &Node<'_>, left: f64, depth: usize) {
        let width = WIDTH * node.count as f64 / self.total;
        if width < MIN_WIDTH {
            return;
        }
        let top = self.height - ROW * (depth + 1) as f64;
        let (color, share) = (color(name), 100.0 * node.count as f64 / self.total);
        let (whole, label) = (escaped(name), escaped(&fitting(name, width)));
        self.add(format_args!(
            "<g><title>{whole}: {} stacks, {share:.1} %</title>\
             <rect x=\"{left:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{}\" fill=\"{color}\" stroke=\"#fff\" stroke-width=\"0.5\"/>\
             <text x=\"{:.1}\" y=\"{}\">{label}</text></g>\n",
            node.count,
            ROW - 1.0,
            left + 3.0,
            top + 12.0,
        ));
        let mut left = left;
        for (name, above) in &node.above {
            self.draw(name, above, left, depth + 1);
            left += WIDTH * above.count as f64 / self.total;
        }
    }

    fn add(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = self.svg.write_fmt(text);
    }
}

/// As much of the name as there is room for; its end tells more than its beginning.
fn fitting(name: &str, width: f64) -> String {
    let room = ((width - 6.0) / LETTER).max(0.0) as usize;
    let letters = name.chars().count();
    match room {
        0..3 => String::new(),
        room if letters <= room => name.to_owned(),
        room => format!(
            "..{}",
            name.chars().skip(letters - room + 2).collect::<String>()
        ),
    }
}

/// One warm color for each name, in each picture.
fn color(name: &str) -> String {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let hash = hasher.finish();
    format!("hsl({} 85% {}%)", 10 + hash % 40, 62 + (hash >> 8) % 16)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
