//! The table at the end.

use std::fmt;
use std::time::Duration;

/// One drill, gone through.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) alert: &'static str,
    pub(super) cause: String,
    /// The receiver that was told.
    pub(super) way: String,
    /// From the fault to the notification.
    pub(super) fired: Duration,
    /// From the beginning of the mitigation to the notification that it is over.
    pub(super) resolved: Duration,
}

/// Rows, as Markdown.
#[derive(Debug, Default)]
pub(super) struct Table(pub(super) Vec<Row>);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| alert | told by | s to fire | cause found | s to resolve |"
        )?;
        writeln!(f, "|---|---|---|---|---|")?;
        self.0.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            alert, cause, way, ..
        } = self;
        let (fired, resolved) = (self.fired.as_secs_f64(), self.resolved.as_secs_f64());
        write!(
            f,
            "| {alert} | {way} | {fired:.1} | {cause} | {resolved:.1} |"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_all_figures() {
        let row = Row {
            alert: "ServiceDown",
            cause: "gone".to_owned(),
            way: "page".to_owned(),
            fired: Duration::from_millis(4540),
            resolved: Duration::from_secs(2),
        };
        assert_eq!(row.to_string(), "| ServiceDown | page | 4.5 | gone | 2.0 |");
    }
}
