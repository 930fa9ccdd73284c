//! Lines that a side has written.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Result;

/// Counts them and empties the file, so that no disk fills.
pub(crate) fn take(log: &Path) -> Result<f64> {
    let lines = count(File::open(log)?)?;
    File::options().write(true).open(log)?.set_len(0)?;
    Ok(lines)
}

fn count(mut log: impl Read) -> Result<f64> {
    let (mut lines, mut buffer) = (0, vec![0; 1 << 16]);
    loop {
        let read = log.read(&mut buffer)?;
        if read == 0 {
            return Ok(f64::from(lines));
        }
        let ends = buffer[..read].iter().filter(|byte| **byte == b'\n');
        lines += u32::try_from(ends.count())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_are_counted_once() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        log.write_all(b"one\ntwo\nthr").unwrap();
        assert_eq!(take(log.path()).unwrap(), 2.0);
        assert_eq!(take(log.path()).unwrap(), 0.0);
    }
}
