use super::*;
use std::sync::mpsc;

#[derive(Clone, Default)]
struct Collecting(Arc<Mutex<Vec<u8>>>);

impl Write for Collecting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A sink, and what it has written so far.
pub(in crate::log) fn collecting() -> (LogSink, impl Fn() -> String) {
    let target = Collecting::default();
    let written = target.clone();
    let sink = LogSink::start(target, |_| Vec::new()).unwrap();
    (sink, move || {
        String::from_utf8(written.0.lock().unwrap().clone()).unwrap()
    })
}

/// Writes nothing until it is told to.
struct Gated {
    open: mpsc::Receiver<()>,
    written: mpsc::Sender<Vec<u8>>,
}

impl Write for Gated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open.recv().map_err(io::Error::other)?;
        self.written
            .send(bytes.to_vec())
            .map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn gated() -> (LogSink, mpsc::Sender<()>, mpsc::Receiver<Vec<u8>>) {
    let (opener, open) = mpsc::channel();
    let (written, out) = mpsc::channel();
    let tell = |count| format!("dropped {count}\n").into_bytes();
    (
        LogSink::start(Gated { open, written }, tell).unwrap(),
        opener,
        out,
    )
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[test]
fn a_stalled_reader_costs_lines_but_never_a_wait_and_the_gap_is_told() {
    let (sink, opener, out) = gated();
    let line = [b"x".repeat(1023), b"\n".to_vec()].concat();
    let pushed = 2 * CAPACITY / line.len();
    (0..pushed).for_each(|_| sink.push(&line, false));
    sink.push(b"an error still fits\n", true);
    assert!(
        !sink.flush(Instant::now() + Duration::from_millis(20)),
        "nothing can be written yet"
    );
    (0..10).for_each(|_| opener.send(()).unwrap());
    assert!(sink.flush(soon()));
    let text = String::from_utf8(out.try_iter().flatten().collect()).unwrap();
    let kept = text.lines().filter(|line| line.starts_with('x')).count();
    assert!(text.contains("an error still fits"));
    // The writer may have taken a batch while lines were still being pushed: then it tells of two gaps.
    let told = text
        .lines()
        .filter_map(|line| line.strip_prefix("dropped "));
    let told: usize = told.map(|count| count.parse::<usize>().unwrap()).sum();
    assert_eq!(told, pushed - kept, "{kept} of {pushed}");
}

#[test]
fn lines_stay_whole_and_in_order() {
    let (sink, opener, out) = gated();
    (0..1000).for_each(|_| opener.send(()).unwrap());
    (0..100).for_each(|n| sink.push(format!("{n}\n").as_bytes(), false));
    assert!(sink.flush(soon()));
    let text = String::from_utf8(out.try_iter().flatten().collect()).unwrap();
    assert_eq!(text, (0..100).map(|n| format!("{n}\n")).collect::<String>());
}

#[test]
fn a_reader_that_is_gone_does_not_stop_the_service() {
    let (sink, opener, out) = gated();
    drop((opener, out));
    sink.push(b"lost\n", false);
    assert!(sink.flush(soon()));
    sink.push(b"lost too\n", false);
    assert!(sink.flush(soon()));
}
