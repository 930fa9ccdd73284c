use std::{
    fs,
    io::ErrorKind,
    net::SocketAddr,
    process::{Child, ExitStatus},
    thread,
    time::Instant,
};

use rustix::process::{Pid, Signal, kill_process};

use super::{PATIENCE, PAUSE, ServiceError, error::io, lines::Lines};

#[derive(Debug)]
pub(super) struct Process(pub(super) Child);

/// Where a service listens.
pub(super) struct Addresses {
    pub(super) http: SocketAddr,
    pub(super) grpc: SocketAddr,
    pub(super) admin: SocketAddr,
}

impl Process {
    /// The addresses that `application_started` names.
    pub(super) fn addresses(&mut self, lines: &Lines) -> Result<Addresses, ServiceError> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let started = lines
                .all()
                .into_iter()
                .find(|line| line["message"] == "application_started");
            if let Some(started) = started {
                let address = |key: &str| started[key].as_str().and_then(|text| text.parse().ok());
                let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
                let of = |admin| Addresses {
                    http: address("http").unwrap_or(nowhere),
                    grpc: address("grpc").unwrap_or(nowhere),
                    admin,
                };
                return address("admin")
                    .map(of)
                    .ok_or_else(|| self.not_started(lines));
            }
            if matches!(self.0.try_wait(), Ok(Some(_))) {
                lines.wait_for_end();
                break;
            }
            thread::sleep(PAUSE);
        }
        Err(self.not_started(lines))
    }

    fn not_started(&mut self, lines: &Lines) -> ServiceError {
        let ending = match self.0.try_wait() {
            Ok(Some(status)) => status.to_string(),
            _ => "it still runs".to_owned(),
        };
        ServiceError::NotStarted {
            ending,
            said: lines.text(),
        }
    }

    pub(super) fn terminate(&self) -> Result<(), ServiceError> {
        let signal = kill_process(Pid::from_child(&self.0), Signal::TERM);
        signal.map_err(|errno| io("SIGTERM")(errno.into()))
    }

    pub(super) fn resident_bytes(&self) -> Result<u64, ServiceError> {
        let path = format!("/proc/{}/status", self.0.id());
        let status = fs::read_to_string(&path).map_err(io(&path))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        let kilobytes: u64 = kilobytes.ok_or_else(|| io(&path)(ErrorKind::InvalidData.into()))?;
        Ok(kilobytes * 1024)
    }

    pub(super) fn wait(&mut self) -> Result<ExitStatus, ServiceError> {
        self.0.wait().map_err(io("wait"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
