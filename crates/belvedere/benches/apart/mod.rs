//! Processes of this program's own, for benches that measure one and not what works for it.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    thread,
};

use rustix::{
    process::{Pid, Signal, kill_process},
    time::{ClockId, clock_gettime},
};

/// This program once more; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    told: BufReader<ChildStderr>,
}

impl Process {
    /// By itself, or under `wrapper`, with its log in a file, as it would be in production, that nobody can find.
    pub(crate) fn start(wrapper: &[String], with: impl FnOnce(&mut Command)) -> Self {
        let program = env::current_exe().expect("this program");
        let mut words = wrapper.iter().map(Into::into).chain([program]);
        let mut command = Command::new(words.next().expect("the program, at least"));
        command
            .args(words)
            .stdin(Stdio::piped())
            .stdout(tempfile::tempfile().expect("a file"))
            .stderr(Stdio::piped());
        with(&mut command);
        let mut child = command.spawn().expect("it starts");
        let told = BufReader::new(child.stderr.take().expect("it is piped"));
        Self { child, told }
    }

    /// Of one that was told to [`tell_cpu`].
    pub(crate) fn cpu_micros(&mut self) -> f64 {
        let asked = self.child.stdin.as_mut().expect("it is piped");
        writeln!(asked).expect("it lives");
        loop {
            let mut line = String::new();
            self.told.read_line(&mut line).expect("it answers");
            if let Ok(micros) = line.trim().parse() {
                return micros;
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let _ = kill_process(pid.expect("it has an id"), Signal::TERM);
        let _ = self.child.wait();
    }
}

/// Tells the CPU time of this process in microseconds, as often as its starter asks. Standard output is for the log.
pub(crate) fn tell_cpu() {
    thread::spawn(|| {
        for _ in io::stdin().lock().lines() {
            let time = clock_gettime(ClockId::ProcessCPUTime);
            let micros = time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3;
            #[expect(clippy::print_stderr, reason = "it is asked for")]
            {
                eprintln!("{micros}");
            }
        }
    });
}

/// What counts the instructions of a process, and writes them to `out` at its end.
pub(crate) fn callgrind(out: &Path) -> [String; 4] {
    [
        "valgrind".to_owned(),
        "--tool=callgrind".to_owned(),
        // Threads take turns: the exporter and the log writer are not starved by the worker.
        "--fair-sched=yes".to_owned(),
        format!("--callgrind-out-file={}", out.display()),
    ]
}

/// All that was written there.
pub(crate) fn totals(out: &Path) -> f64 {
    let text = fs::read_to_string(out).expect("callgrind has written");
    let total = text.lines().find_map(|line| line.strip_prefix("totals:"));
    let total = total.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    total.expect("it has a total")
}

pub(crate) fn free_addr() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it has one")
}
