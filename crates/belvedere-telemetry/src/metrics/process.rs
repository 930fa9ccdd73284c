//! What the kernel knows of the process: `/proc/self`, read when somebody scrapes. Where there is none, nothing is told.

use std::fs;

use belvedere_core::names::metric;
use rustix::{
    param::{clock_ticks_per_second, page_size},
    process::{Resource, getrlimit},
};

use super::recorder::Recording;

/// Hundredths of a second: the kernel tells no more.
const CPU_DECIMALS: u8 = 2;

pub(super) fn read(to: &Recording) {
    if let Ok(stat) = fs::read_to_string("/proc/self/stat")
        && let Some(stat) = Stat::parse(&stat)
    {
        stat.tell(to);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // Without the one that reads the folder.
        to.set(
            metric::PROCESS_OPEN_FDS,
            open.count().saturating_sub(1) as f64,
        );
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        to.set(metric::PROCESS_MAX_FDS, most as f64);
    }
    // Some containers forbid it.
    if let Ok(io) = fs::read_to_string("/proc/self/io") {
        for (field, direction) in [("read_bytes", "read"), ("write_bytes", "write")] {
            let labels = &[("direction", direction)];
            to.count(
                metric::PROCESS_IO,
                labels,
                0,
                number(&io, field, ':').unwrap_or(0),
            );
        }
    }
}

/// `/proc/self/stat` (proc(5)), in the kernel's units.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    cpu_ticks: u64,
    threads: u64,
    /// After the machine's start.
    began_ticks: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The second field is the name, in parentheses, and may itself have any.
        let fields: Vec<_> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            cpu_ticks: field(14)? + field(15)?,
            threads: field(20)?,
            began_ticks: field(22)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }

    fn tell(&self, to: &Recording) {
        let ticks = clock_ticks_per_second();
        let cpu = self.cpu_ticks * 10_u64.pow(CPU_DECIMALS.into()) / ticks;
        to.count(metric::PROCESS_CPU, &[], CPU_DECIMALS, cpu);
        to.set(metric::PROCESS_THREADS, self.threads as f64);
        to.set(metric::PROCESS_VIRTUAL_MEMORY, self.virtual_bytes as f64);
        let resident = self.resident_pages * page_size() as u64;
        to.set(metric::PROCESS_RESIDENT_MEMORY, resident as f64);
        if let Some(booted) = booted() {
            let began = booted as f64 + self.began_ticks as f64 / ticks as f64;
            to.set(metric::PROCESS_START_TIME, began);
        }
    }
}

/// When the machine was started, in seconds since 1970.
fn booted() -> Option<u64> {
    number(&fs::read_to_string("/proc/stat").ok()?, "btime", ' ')
}

fn number(text: &str, field: &str, separator: char) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.split_once(separator));
    let (_, value) = lines.find(|(name, _)| *name == field)?;
    value.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_moves_no_field() {
        let fields = (4..=52).map(|field| field.to_string()).collect::<Vec<_>>();
        let text = format!("1 (a) 7 (b) S {}\n", fields.join(" "));
        let stat = Stat {
            cpu_ticks: 14 + 15,
            threads: 20,
            began_ticks: 22,
            virtual_bytes: 23,
            resident_pages: 24,
        };
        assert_eq!(Stat::parse(&text), Some(stat));
        assert_eq!(Stat::parse("1 (a) S 4 5"), None);
    }
}
