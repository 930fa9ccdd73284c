use belvedere_core::{
    Secret,
    config::{ConfigError, Problems},
    settings,
};
use sentry_core::types::Dsn;

settings! {
    /// Failures, and requests as transactions, told to Sentry.
    pub struct SentryConfig {
        /// Off keeps failures in the log alone, whatever the DSN.
        pub is_enabled: bool = true,
        /// Where they go, e.g. `https://key@sentry.example/1`; also SENTRY_DSN. Without it nothing is sent.
        pub dsn: Option<Secret> = None,
        /// Share of failures that is sent, 0 to 1.
        pub sample_rate: f64 = 1.0,
        /// Share of traces that is sent as transactions, 0 to 1; 0 makes none.
        pub traces_sample_rate: f64 = 0.0,
    }
}

/// Settings that are more than their type says.
#[derive(Debug)]
pub(crate) struct Checked {
    /// `None`: nothing is sent.
    pub(crate) dsn: Option<Dsn>,
    pub(crate) sample_rate: f32,
    pub(crate) traces_sample_rate: f64,
}

impl SentryConfig {
    /// Every problem at once.
    pub(crate) fn checked(&self) -> Result<Checked, ConfigError> {
        let mut problems = Problems::default();
        let dsn = problems.take(self.checked_dsn());
        let rate = problems.take(share("SENTRY__SAMPLE_RATE", self.sample_rate));
        let traces = share("SENTRY__TRACES_SAMPLE_RATE", self.traces_sample_rate);
        let all = (dsn, rate, problems.take(traces));
        let (Some(dsn), Some(sample_rate), Some(traces_sample_rate)) = all else {
            return Err(problems.into());
        };
        Ok(Checked {
            dsn,
            #[expect(clippy::cast_possible_truncation, reason = "Sentry's own type")]
            sample_rate: sample_rate as f32,
            traces_sample_rate,
        })
    }

    fn checked_dsn(&self) -> Result<Option<Dsn>, ConfigError> {
        let wanted = self.dsn.as_ref().filter(|_| self.is_enabled);
        let parse = |dsn: &Secret| {
            // What the parser says could repeat the key.
            let message = "is not valid: a DSN is https://KEY@HOST/PROJECT";
            let parsed = dsn.expose().parse();
            parsed.map_err(|_| ConfigError::new("SENTRY__DSN", message))
        };
        wanted.map(parse).transpose()
    }
}

fn share(variable: &str, share: f64) -> Result<f64, ConfigError> {
    if (0.0..=1.0).contains(&share) {
        return Ok(share);
    }
    let message = format!("{share} is not valid: a share is between 0 and 1");
    Err(ConfigError::new(variable, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_named_all_at_once_and_shows_no_key() {
        let config = SentryConfig {
            dsn: Some("not-a-dsn-hunter2".into()),
            sample_rate: 2.0,
            traces_sample_rate: -0.1,
            ..SentryConfig::default()
        };
        let told = config.checked().unwrap_err().to_string();
        for variable in [
            "SENTRY__DSN",
            "SENTRY__SAMPLE_RATE",
            "SENTRY__TRACES_SAMPLE_RATE",
        ] {
            assert!(told.contains(variable), "{variable}: {told}");
        }
        assert!(!told.contains("hunter2"), "{told}");
    }
}
