//! An OTLP/gRPC back end that keeps up with whatever is compared: it decodes every span and keeps none. Its first line names
//! its address; then it answers each line on its input with how many spans have come.

use std::io::stdin;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tokio::signal::unix::{SignalKind, signal};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

#[tonic::async_trait]
impl TraceService for Counting {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = &request.get_ref().resource_spans;
        let scopes = resources.iter().flat_map(|resource| &resource.scope_spans);
        let spans = scopes.map(|scope| scope.spans.len()).sum();
        self.0.fetch_add(spans, Ordering::Relaxed);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Counting {
    fn tell(&self) {
        println!("{}", self.0.load(Ordering::Relaxed));
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let incoming = TcpIncoming::bind((Ipv4Addr::LOCALHOST, 0).into())?;
    println!("http://{}", incoming.local_addr()?);
    let counting = Counting::default();
    let asked = counting.clone();
    // Whoever asks no more has closed his end, and the thread ends with it.
    thread::spawn(move || {
        stdin()
            .lines()
            .map_while(Result::ok)
            .for_each(|_| asked.tell())
    });
    let mut terminated = signal(SignalKind::terminate())?;
    let server = Server::builder()
        .add_service(TraceServiceServer::new(counting.clone()))
        .serve_with_incoming(incoming);
    tokio::select! {
        ended = server => ended?,
        _ = terminated.recv() => {}
    }
    Ok(())
}
