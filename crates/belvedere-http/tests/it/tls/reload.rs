//! Certificates that are replaced while they are shown.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use belvedere_core::names::event;
use belvedere_http::server::Limits;
use rustls::pki_types::CertificateDer;

use super::{Authority, Chain, connect, with};
use crate::harness::{Service, Wire, in_time, until};

/// A service that looks at its files every 20 ms.
async fn start(authority: &Authority) -> Service {
    let tls = authority.tls().look_every(Duration::from_millis(20));
    with(tls, Limits::default()).await
}

async fn shown(service: &Service, authority: &Authority) -> CertificateDer<'static> {
    let stream = connect(service.addr, authority, "h2").await.unwrap();
    let chain = stream.get_ref().1.peer_certificates().unwrap();
    chain[0].clone().into_owned()
}

impl Service {
    async fn told(&self, event: &str, times: usize) {
        until(event, || self.logs.named(event).len() >= times).await;
    }
}

#[tokio::test]
async fn another_certificate_is_shown_without_a_restart_and_no_request_is_lost() {
    let authority = Authority::new();
    let service = start(&authority).await;
    let first = shown(&service, &authority).await;
    let is_over = Arc::<AtomicBool>::default();
    let served = Arc::<AtomicUsize>::default();
    let callers = (0..4).map(|_| {
        let (addr, client) = (service.addr, authority.client("http/1.1"));
        let (is_over, served) = (Arc::clone(&is_over), Arc::clone(&served));
        belvedere_core::spawn(async move {
            while !is_over.load(Relaxed) {
                let stream = super::shake(addr, client.clone()).await.unwrap();
                let mut wire = Wire::over(stream);
                for _ in 0..2 {
                    assert_eq!(wire.get("/ok").await.status, 200);
                    served.fetch_add(1, Relaxed);
                }
            }
        })
    });
    let callers: Vec<_> = callers.collect();
    for reload in 1..=5 {
        authority.issue(&Chain::for_days(30 + reload));
        // Between its two files it may have been told that they do not match.
        service
            .told(event::TLS_RELOADED, usize::try_from(reload).unwrap())
            .await;
        let before = served.load(Relaxed);
        until("more requests", || served.load(Relaxed) > before + 8).await;
    }
    is_over.store(true, Relaxed);
    for caller in callers {
        let served = in_time("the last request", caller).await.unwrap();
        assert_eq!(served, Some(()), "a request failed");
    }
    assert_ne!(shown(&service, &authority).await, first);
}

#[tokio::test]
async fn a_connection_outlives_the_certificate_that_it_began_with() {
    let authority = Authority::new();
    let service = start(&authority).await;
    let stream = connect(service.addr, &authority, "http/1.1").await.unwrap();
    let mut wire = Wire::over(stream);
    wire.get("/ok").await;
    authority.issue(&Chain::for_days(30));
    service.told(event::TLS_RELOADED, 1).await;
    assert_eq!(wire.get("/ok").await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_shown_is_told_once_and_the_certificate_before_stays() {
    let authority = Authority::new();
    let service = start(&authority).await;
    let first = shown(&service, &authority).await;
    let (certificate, key) = Authority::files();
    let text = |name| std::fs::read_to_string(authority.path(name)).unwrap();
    let good = [certificate, key].map(|name| (name, text(name)));
    let failed = |times| service.told(event::TLS_RELOAD_FAILED, times);

    authority.write(key, &Chain::for_days(30).key_pem());
    failed(1).await;
    authority.write(certificate, "no certificate");
    failed(2).await;
    std::fs::remove_file(authority.path(key)).unwrap();
    failed(3).await;
    // Several looks later.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(service.logs.named(event::TLS_RELOAD_FAILED).len(), 3);
    assert_eq!(shown(&service, &authority).await, first);

    for (name, text) in good {
        authority.write(name, &text);
    }
    service.told(event::TLS_RELOADED, 1).await;
    let before = service.logs.named(event::TLS_RELOAD_FAILED).len();
    authority.issue(&Chain::for_days(-1));
    failed(before + 1).await;
    until("the end of the certificate", || {
        let told = service.logs.named(event::TLS_RELOAD_FAILED);
        told.iter()
            .any(|told| told.field("error").contains("has ended"))
    })
    .await;
    assert_eq!(shown(&service, &authority).await, first);
}
