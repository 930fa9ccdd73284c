//! Growth and builds as tables.

use super::table::{spread, table};
use crate::bench::results::{Build, Curve};

pub(crate) fn curve(curve: &Curve) -> String {
    let head = [
        curve.of.as_str(),
        "CPU us/request",
        "MiB loaded",
        "dropped/request",
    ];
    let rows = curve.points.iter().map(|point| {
        vec![
            point.count.to_string(),
            spread(point.cpu_us, 1),
            format!("{:.1}", point.loaded_mib),
            format!("{:.2}", point.dropped),
        ]
    });
    table(&head, &rows.collect::<Vec<_>>())
}

pub(crate) fn builds(build: &Build) -> String {
    let head = [
        "",
        "crates",
        "debug, cold, s",
        "after a change, s",
        "release, cold, s",
        "program, MiB",
    ];
    let rows = build.presets.iter().map(|built| {
        vec![
            built.name.clone(),
            built.crates.to_string(),
            format!("{:.0}", built.cold_s),
            format!("{:.1}", built.again_s),
            format!("{:.0}", built.release_s),
            format!("{:.1}", built.binary_mib),
        ]
    });
    table(&head, &rows.collect::<Vec<_>>())
}
