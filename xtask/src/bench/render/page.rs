//! The whole page.

use super::{bars, calls, curves, growth, requests};
use crate::bench::machine::Taken;
use crate::bench::results::{Build, Calls, Counted, Growth, Requests, Results};
use crate::bench::side::{Side, Work};
use crate::bench::targets;

/// Below the folder of the documentation.
pub(crate) const PAGE: &str = "PERFORMANCE.md";
const BARS: &str = "performance/requests.svg";
const CURVES: &str = "performance/growth.svg";

/// What stands in a section that was never measured.
const NOTHING: &str = "No figures yet: `make bench` on a quiet machine writes them here.\n";

/// Every file that follows from results: where it belongs, and what is in it.
pub(crate) fn all(results: &Results) -> Vec<(&'static str, String)> {
    let mut files = vec![(PAGE, page(results))];
    files.extend(results.requests.as_ref().map(|all| (BARS, bars::draw(all))));
    files.extend(
        results
            .growth
            .as_ref()
            .map(|all| (CURVES, curves::draw(all))),
    );
    files
}

fn page(results: &Results) -> String {
    let counted = results.instructions.as_ref();
    let hello = counted.map(|counted| &counted.hello);
    let stored = counted.map(|counted| &counted.stored);
    let (requests, stores) = (results.requests.as_ref(), results.stored.as_ref());
    [
        INTRODUCTION.to_owned(),
        section("What was promised", &promises(results)),
        section("One request", &work(requests, hello, Work::Hello)),
        section(
            "One SELECT and one GET",
            &work(stores, stored, Work::Stored),
        ),
        section("One call by gRPC", &called(results.calls.as_ref())),
        section("When there is more of it", &grown(results.growth.as_ref())),
        section("Building", &built(results.build.as_ref())),
        section("How to read it", READING),
        section("Taken on", &taken(results)),
    ]
    .join("\n")
}

fn section(title: &str, text: &str) -> String {
    format!("## {title}\n\n{text}")
}

const INTRODUCTION: &str = "\
# What it costs

The same answer from axum alone, from a generated service, from what a Rust user puts together today, from two other
frameworks and from the Python stack that taught this one, on one core. `make bench` measures all of it, writes the figures
to [`benches/results`](../benches/results) and this page from them; nobody edits it by hand. `ONLY=requests` (or `stored`,
`instructions`, `calls`, `growth`, `build`, or several with commas between) takes one part anew, `QUICK=1` tries the command without
touching either.
";

const READING: &str = "\
- CPU time is user and system time of the server's process, all of its threads, over the requests: the figure that other work
  on the machine disturbs least. Median of the rounds (least-most); rounds are interleaved, so that all sides see the same
  machine. Trust ratios. Server and load share one core for it: on two, a server that is not always ahead of its client pays
  for waking it. The load is a batch task (`sched(7)`), which waits until the server has nothing to do.
- Instructions are counted by callgrind in user space, as the difference between 2,300 and 300 requests: they repeat within
  5 %. `make ir-gate` holds those of a generated service within [`limits.toml`](../benches/limits.toml). None for Python.
  [Where the rest goes](../benches/PROFILE.md) tells them by part.
- Requests a second are as many as one load thread on the other core could send; `>=` where the server was busy for less than
  90 % of the time and could have done more.
- Latencies are those at a fixed rate over 64 connections, each counted from the moment it was due: a pause is seen by all who
  would have come meanwhile. A dash: the side cannot do that many.
- Before it is measured each side has to prove its signals at 300 requests a second: every line, every count, and every span
  at the receiver, or some at 1 %. Lines and spans a request are what was left at full speed, where bounded queues drop.
- Every side has one worker thread, its log in a file, and an OTLP receiver of its own in another process. The SDKs' own
  defaults hold for the rest: batches of 512, queues of 2,048.
- Sides: _axum, protected_ has tower-http's panic, time, body and load limits, security headers and compression.
  _Belvedere_ is a generated service with the README's route. _Do-it-yourself_ is axum-prometheus, axum-tracing-opentelemetry,
  tracing-opentelemetry, tracing-subscriber's JSON, and tower-http's request id, panic and time layers; _TraceLayer_ is the same
  with tower-http's spans and lines. _foundations_ has a trace, a line and two metrics for each request. _loco_ has what its lightweight
  starter has in production: neither traces nor metrics nor a line. _FastAPI_ runs on uvicorn with uvloop and httptools; at 100 %
  with structlog, prometheus-fastapi-instrumentator and OpenTelemetry's instrumentation. All are in [`benches/`](../benches).
";

fn promises(results: &Results) -> String {
    let targets = targets::judge(results);
    let rows: Vec<_> = targets
        .iter()
        .map(|target| {
            let (measured, word) = targets::words(target);
            let promised = target.promised.to_owned();
            vec![target.of.to_owned(), promised, measured, word.to_owned()]
        })
        .collect();
    super::table::table(&["", "promised", "measured", ""], &rows)
}

fn work(
    measured: Option<&Requests>,
    counted: Option<&crate::bench::measure::instructions::Instructions>,
    work: Work,
) -> String {
    let what = match work {
        Work::Hello => "`GET /v1/hello/{name}`, answered with a little JSON.\n\n",
        Work::Stored => {
            "`GET /v1/stored/{key}`: one row by its key from PostgreSQL, one value from Redis, both on the same machine.\n\n"
        }
    };
    let Some(requests) = measured else {
        let counted = counted.map(|counted| requests::instructions(Side::doing(work), counted));
        return format!("{what}{}", counted.unwrap_or_else(|| NOTHING.to_owned()));
    };
    let picture = match work {
        Work::Hello => format!("![CPU time a request]({BARS})\n\n"),
        Work::Stored => String::new(),
    };
    let head = format!(
        "Median of {} rounds; latencies at {} requests a second.\n\n",
        requests.rounds, requests.rate
    );
    let (speed, rest) = (requests::speed(requests, counted), requests::rest(requests));
    format!("{what}{picture}{head}{speed}\n{rest}")
}

fn called(measured: Option<&Calls>) -> String {
    let Some(measured) = measured else {
        return NOTHING.to_owned();
    };
    let what =
        "A unary call that answers what it was told, over one connection: `make bench-call`.\n\n";
    format!("{what}{}", calls::calls(measured))
}

fn grown(growth: Option<&Growth>) -> String {
    let Some(growth) = growth else {
        return NOTHING.to_owned();
    };
    let tables = growth.curves.iter().map(growth::curve);
    let tables = tables.collect::<Vec<_>>().join("\n");
    format!(
        "A Belvedere service with every signal on and every trace kept. Connections are open while 5,000 requests a second\n\
         go round them; all else is as fast as answers come. What is dropped is counted in `telemetry_dropped_total`.\n\n\
         ![Growth]({CURVES})\n\n{tables}"
    )
}

fn built(build: Option<&Build>) -> String {
    let Some(build) = build else {
        return NOTHING.to_owned();
    };
    let text =
        "From an empty target directory, with everything downloaded. Programs without symbols.\n\n";
    format!("{text}{}", growth::builds(build))
}

fn taken(results: &Results) -> String {
    let Results {
        requests,
        stored,
        instructions,
        calls,
        growth,
        build,
    } = results;
    let sections: [(&str, Option<&Taken>); 6] = [
        ("requests", requests.as_ref().map(|all| &all.taken)),
        ("stored", stored.as_ref().map(|all| &all.taken)),
        (
            "instructions",
            instructions.as_ref().map(|Counted { taken, .. }| taken),
        ),
        ("calls", calls.as_ref().map(|all| &all.taken)),
        ("growth", growth.as_ref().map(|all| &all.taken)),
        ("build", build.as_ref().map(|all| &all.taken)),
    ];
    let rows = sections.into_iter().filter_map(|(name, taken)| {
        let Taken {
            date,
            commit,
            machine,
            versions,
        } = taken?;
        let versions = versions.join(", ");
        Some(format!(
            "- {name}: {date}, at `{commit}`, on {machine}; {versions}.\n"
        ))
    });
    let rows: String = rows.collect();
    if rows.is_empty() {
        return NOTHING.to_owned();
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::render::sample;
    use crate::bench::results::Shelf;
    use crate::checkout::Checkout;
    use std::fs;

    #[test]
    fn the_page_and_its_pictures_follow_from_the_results() {
        let shelf = Shelf::in_checkout(&Checkout::find().unwrap());
        for (file, text) in all(&shelf.read().unwrap()) {
            let kept = fs::read_to_string(shelf.docs.join(file)).unwrap_or_default();
            assert!(
                kept == text,
                "docs/{file} is not what the results say: `make bench-page` writes it"
            );
        }
    }

    #[test]
    fn a_part_that_was_not_measured_says_so() {
        let text = page(&Results::default());
        assert_eq!(text.matches(NOTHING.trim()).count(), 6);
        assert!(!text.contains("svg"), "{text}");
    }

    #[test]
    fn every_part_has_its_figures() {
        let results = sample::results();
        let text = page(&results);
        assert!(!text.contains(NOTHING.trim()), "{text}");
        let row = "| belvedere, traces 1 % | 14.0 (12.6-15.4) | 1.40 | 40000 | 2.00 | >= 50000 | 100 (90-110) | - |";
        assert_eq!(text.matches(row).count(), 2, "{text}");
        assert!(text.contains("| bare axum | 60 | 20 | 0.5 | 40 | 1.5 |"));
        assert!(text.contains("| belvedere, all off | 29.0 | 1.16 | 66000 | 1.10 |"));
        assert!(text.contains("on a machine; rustc 1.95.0."));
        assert_eq!(all(&results).len(), 3);
    }

    #[test]
    fn instructions_alone_are_a_table_too() {
        let results = Results {
            instructions: sample::results().instructions,
            ..Results::default()
        };
        let text = page(&results);
        assert!(
            text.contains("| belvedere, traces 1 % | 40000 | 2.00 |"),
            "{text}"
        );
    }
}
