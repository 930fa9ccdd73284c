//! What runs beside the requests for as long as the service does.

use std::fmt;

use belvedere_core::{BoxFuture, Health, Shutdown, Supervised, spawn};
use tokio::task::JoinHandle;

type Start = Box<dyn FnOnce(&Health, Shutdown) -> JoinHandle<Option<()>> + Send>;

/// Tasks that have not been started.
#[derive(Default)]
pub(crate) struct Background(Vec<Start>);

impl Background {
    pub(crate) fn critical<T, W>(&mut self, name: &'static str, task: T)
    where
        T: FnOnce(Shutdown) -> W + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        self.0.push(Box::new(move |health, shutdown| {
            let held = health.critical_task(name);
            spawn(async move {
                let _held = held;
                task(shutdown).await;
            })
        }));
    }

    pub(crate) fn supervised<M, W>(&mut self, name: &'static str, mut make: M)
    where
        M: FnMut(Shutdown) -> W + Send + 'static,
        W: Future<Output = ()> + Send + 'static,
    {
        self.0.push(Box::new(move |_, shutdown| {
            let supervised = Supervised::new(name, shutdown.clone());
            supervised.start(move || make(shutdown.clone()))
        }));
    }

    /// Starts them, and returns what waits for their end.
    pub(crate) fn start(self, health: &Health, shutdown: &Shutdown) -> BoxFuture<'static, ()> {
        let tasks = self.0.into_iter();
        let tasks: Vec<_> = tasks.map(|start| start(health, shutdown.clone())).collect();
        Box::pin(async {
            for task in tasks {
                // How it ended was told when it did.
                let _ = task.await;
            }
        })
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Background").field(&self.0.len()).finish()
    }
}
