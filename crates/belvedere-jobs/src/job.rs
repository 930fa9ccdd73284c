use std::ops::Deref;

use serde::{Serialize, de::DeserializeOwned};

/// Work that is put down now and done later: what is to be known then, stored as JSON.
///
/// ```
/// use belvedere_jobs::Job;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct SendConfirmation {
///     order_id: String,
/// }
///
/// impl Job for SendConfirmation {
///     const NAME: &'static str = "send_confirmation";
/// }
/// ```
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// What it is called in every signal, and in the table. A release that renames it leaves the stored ones to the one before.
    const NAME: &'static str;

    /// Which jobs it is counted with: `job_queue_depth{queue}`, the spans `send {queue}` and `process {queue}`.
    const QUEUE: &'static str = "default";
}

/// One run of a job.
#[derive(Debug)]
pub struct Delivery<J> {
    /// What was stored.
    pub payload: J,
    /// The same in each run: an effect that is stored beside it under a unique constraint happens once.
    pub id: i64,
    /// The key it was enqueued with.
    pub key: Option<Box<str>>,
    /// 1 for the first run.
    pub attempt: u32,
}

impl<J> Deref for Delivery<J> {
    type Target = J;

    fn deref(&self) -> &J {
        &self.payload
    }
}
