//! What a request costs when there is more of something.

use anyhow::Result;

use crate::bench::build::Programs;
use crate::bench::figures::{Spread, rounded};
use crate::bench::load::Load;
use crate::bench::machine::Taken;
use crate::bench::measure::{cpu, memory};
use crate::bench::plan::Plan;
use crate::bench::results::{Curve, Growth, Point};
use crate::bench::side::Program;
use crate::bench::start::{self, Ask, Started};
use crate::check::metrics::Scrape;
use crate::checkout::Checkout;
use crate::run::http::Call;
use crate::run::step;

/// What there may be more of.
struct Axis {
    of: &'static str,
    counts: &'static [u32],
    /// The service's settings, besides that all traces are kept.
    settings: fn(u32) -> Vec<(&'static str, String)>,
    load: fn(u32, Plan) -> Load,
}

const AXES: [Axis; 5] = [
    Axis {
        of: "routes",
        counts: &[1, 10, 100, 1000],
        settings: |count| vec![("ROUTES", count.to_string())],
        load: |count, plan| beside("/v1/route/{}", plan).cycling(count),
    },
    Axis {
        of: "label sets of one metric",
        counts: &[10, 100, 1000, 10_000],
        // By itself a metric stops at a thousand.
        settings: |_| vec![("PROMETHEUS__SERIES_PER_METRIC", "20000".to_owned())],
        load: |count, plan| beside("/v1/label/{}", plan).cycling(count),
    },
    Axis {
        of: "connections",
        counts: &[10, 100, 1000, 10_000],
        settings: |_| vec![("HTTP__MAX_CONNECTIONS", "20000".to_owned())],
        load: |count, plan| Load::at_rate("/v1/route/0", plan.at_rate(), plan.rate).over(count),
    },
    Axis {
        of: "spans in a request",
        counts: &[1, 10, 100],
        settings: |_| Vec::new(),
        load: |count, plan| beside(&format!("/v1/spans/{count}"), plan),
    },
    Axis {
        of: "log events in a request",
        counts: &[1, 10, 100],
        settings: |_| Vec::new(),
        load: |count, plan| beside(&format!("/v1/events/{count}"), plan),
    },
];

pub(crate) fn measure(checkout: &Checkout, plan: Plan) -> Result<Growth> {
    let taken = Taken::now(checkout)?;
    let programs = Programs::build(checkout, plan.form(), [Program::Growth])?;
    let curve = |axis: &Axis| {
        step(&format!("growth: {}", axis.of));
        let points = axis.counts.iter();
        let points = points.map(|count| point(&programs, axis, *count, plan));
        anyhow::Ok(Curve {
            of: axis.of.to_owned(),
            points: points.collect::<Result<_>>()?,
        })
    };
    Ok(Growth {
        curves: AXES.iter().map(curve).collect::<Result<_>>()?,
        taken,
    })
}

fn beside(path: &str, plan: Plan) -> Load {
    // A hundred spans take as long as many requests.
    Load::beside(path, plan.requests(true) / 2)
}

fn point(programs: &Programs, axis: &Axis, count: u32, plan: Plan) -> Result<Point> {
    let started = begin(programs, axis, count)?;
    let load = (axis.load)(count, plan);
    // The first one fills what is kept, and is not counted.
    cpu::per_request(&load, &programs.load, &started)?;
    let before = dropped(&started)?;
    let rounds = 0..plan.points;
    let rounds = rounds.map(|_| cpu::per_request(&load, &programs.load, &started));
    let rounds = rounds.collect::<Result<Vec<_>>>()?;
    let sent = f64::from(load.requests) * rounds.iter().fold(0.0, |count, _| count + 1.0);
    let point = Point {
        count,
        dropped: rounded((dropped(&started)? - before) / sent),
        cpu_us: Spread::of(rounds).unwrap_or(Spread::NOTHING),
        loaded_mib: rounded(memory::resident(started.running.pid())?),
    };
    started.running.stop()?;
    Ok(point)
}

fn begin(programs: &Programs, axis: &Axis, count: u32) -> Result<Started> {
    let ask = Ask {
        path: "/v1/route/0",
        answer: None,
    };
    start::start(programs, Program::Growth, &[], &ask, |launch, endpoint| {
        let launch = launch
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .env("OTEL_TRACES_SAMPLER_ARG", "1.0");
        let settings = (axis.settings)(count).into_iter();
        settings.fold(launch, |launch, (name, value)| launch.env(name, value))
    })
}

fn dropped(started: &Started) -> Result<f64> {
    let answer = Call::get("/metrics").send(started.admin)?;
    let scrape = Scrape::read(&answer.text())?;
    let dropped = scrape.named("telemetry_dropped_total");
    // An empty sum of floats is -0.
    Ok(dropped.fold(0.0, |sum, sample| sum + sample.value))
}
