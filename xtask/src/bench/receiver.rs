//! Where spans go: in release form and on another core, so that it keeps up; or nowhere, slowly.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use anyhow::{Context, Result};

use super::cores;

/// A running receiver, for one side alone; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Receiver {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    pub(crate) endpoint: String,
}

impl Receiver {
    pub(crate) fn start(program: &Path) -> Result<Self> {
        let mut command = Command::new("taskset");
        command.args(["-c", cores::other()]).arg(program);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = piped.spawn()?;
        let questions = process.stdin.take();
        let questions = questions.context("the receiver has no stdin")?;
        let answers = process.stdout.take();
        let mut answers = BufReader::new(answers.context("the receiver has no stdout")?);
        let endpoint = read_line(&mut answers)?;
        Ok(Self {
            process,
            questions,
            answers,
            endpoint,
        })
    }

    /// How many spans have come by now.
    pub(crate) fn count(&mut self) -> Result<f64> {
        self.questions.write_all(b"\n")?;
        Ok(read_line(&mut self.answers)?.parse()?)
    }
}

fn read_line(answers: &mut BufReader<ChildStdout>) -> Result<String> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // It is gone already, or goes now.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address of a collector that takes every connection and never answers, for as long as this process lives.
pub(crate) fn hanging() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    thread::Builder::new()
        .name("hanging".to_owned())
        .spawn(move || {
            let mut held: Vec<TcpStream> = Vec::new();
            held.extend(listener.incoming().map_while(Result::ok));
        })?;
    Ok(endpoint)
}
