//! Results that nobody measured, for the tests of what is made of them.

use crate::bench::figures::Spread;
use crate::bench::machine::Taken;
use crate::bench::measure::instructions::Instructions;
use crate::bench::results::{
    Build, Built, Call, Calls, Counted, Curve, Growth, Measured, Point, Requests, Results,
};
use crate::bench::side::Side;

pub(crate) fn results() -> Results {
    let counted = Instructions::from_figures(&[(Side::Bare, 20_000.0), (Side::Sampled, 40_000.0)]);
    Results {
        requests: Some(requests()),
        stored: Some(requests()),
        instructions: Some(Counted {
            taken: taken(),
            hello: counted.clone(),
            stored: counted,
        }),
        calls: Some(Calls {
            taken: taken(),
            sides: vec![call("Bare", 25.0, 60_000.0), call("Off", 29.0, 66_000.0)],
        }),
        growth: Some(Growth {
            taken: taken(),
            curves: vec![Curve {
                of: "routes".to_owned(),
                points: vec![point(1, 10.0), point(1000, 12.0)],
            }],
        }),
        build: Some(Build {
            taken: taken(),
            presets: vec![Built {
                name: "bare axum".to_owned(),
                crates: 60,
                cold_s: 20.0,
                again_s: 0.5,
                release_s: 40.0,
                binary_mib: 1.5,
            }],
        }),
    }
}

fn requests() -> Requests {
    Requests {
        taken: taken(),
        rounds: 3,
        rate: 5000,
        sides: vec![side(Side::Bare, 10.0), side(Side::Sampled, 14.0)],
    }
}

fn taken() -> Taken {
    Taken {
        date: "2026-01-02".to_owned(),
        commit: "abc1234".to_owned(),
        machine: "a machine".to_owned(),
        versions: vec!["rustc 1.95.0".to_owned()],
    }
}

fn side(side: Side, micros: f64) -> Measured {
    Measured {
        side,
        cpu_us: around(micros),
        per_second: around(50_000.0),
        busy: 0.5,
        p50_us: Some(around(100.0)),
        p99_us: None,
        idle_mib: 5.0,
        loaded_mib: 6.0,
        start_ms: around(9.0),
        lines: 1.0,
        spans: 0.01,
    }
}

fn call(side: &str, cpu_us: f64, instructions: f64) -> Call {
    Call {
        side: side.to_owned(),
        cpu_us,
        instructions,
    }
}

fn point(count: u32, micros: f64) -> Point {
    Point {
        count,
        cpu_us: around(micros),
        loaded_mib: 9.0,
        dropped: 0.0,
    }
}

fn around(median: f64) -> Spread {
    Spread {
        median,
        min: median * 0.9,
        max: median * 1.1,
    }
}
