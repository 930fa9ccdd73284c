//! An OTLP end point to look at: prints each trace as it comes.
//!
//! `cargo run -p belvedere-testing --example sink`, then start a service with the `OTEL_EXPORTER_OTLP_ENDPOINT` it prints.

use std::{collections::BTreeSet, io, thread, time::Duration};

use belvedere_testing::OtlpSink;

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(1);

#[expect(clippy::print_stdout, reason = "printing is all it does")]
fn main() -> io::Result<()> {
    let sink = OtlpSink::start()?;
    println!("OTEL_EXPORTER_OTLP_ENDPOINT={}", sink.endpoint());
    let mut told = BTreeSet::new();
    loop {
        thread::sleep(INTERVAL);
        let roots = sink
            .spans()
            .into_iter()
            .filter(|span| span.kind == "server");
        for trace_id in roots.map(|span| span.trace_id) {
            if told.insert(trace_id.clone()) {
                println!("\n{}", sink.tree(&trace_id));
            }
        }
    }
}
