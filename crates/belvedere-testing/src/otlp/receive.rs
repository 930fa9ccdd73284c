//! The three services, each over gRPC and over HTTP with protobuf, on one port.

use std::io::Read as _;

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Extension, State},
    http::{HeaderMap, StatusCode, header},
    middleware::from_fn_with_state,
    routing::post,
};
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::{
    logs::v1::{
        ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
        logs_service_server::{LogsService, LogsServiceServer},
    },
    metrics::v1::{
        ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
        metrics_service_server::{MetricsService, MetricsServiceServer},
    },
    trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
};
use prost::Message;
use tonic::{Request, Response, Status, codec::CompressionEncoding::Gzip, service::Routes};

use super::{
    OtlpAnswer, answer, log, metric, span,
    store::{Store, keep},
};

/// A request of one signal, and its answer.
trait Receive: Message + Default + 'static {
    type Answer: Message;

    fn receive(self, store: &Store, answer: OtlpAnswer) -> Self::Answer;
}

macro_rules! receives {
    ($request:ty, $batches:ident, $kept:ident, $read:path, $service:ident,
     $answer:ident { $partial:ident { $rejected:ident } }) => {
        impl Receive for $request {
            type Answer = $answer;

            fn receive(self, store: &Store, answer: OtlpAnswer) -> $answer {
                store.keep_text(|| format!("{self:?}"));
                let received = self.$batches.into_iter().flat_map($read);
                store.add(|arrived| keep(&mut arrived.$kept, received));
                let partial = $partial {
                    $rejected: answer.rejected,
                    error_message: answer.words.to_owned(),
                };
                let is_partial = answer.rejected > 0 || !answer.words.is_empty();
                $answer {
                    partial_success: is_partial.then_some(partial),
                }
            }
        }

        #[tonic::async_trait]
        impl $service for Store {
            async fn export(
                &self,
                request: Request<$request>,
            ) -> Result<Response<$answer>, Status> {
                let answer = request.extensions().get().copied().unwrap_or_default();
                Ok(Response::new(request.into_inner().receive(self, answer)))
            }
        }
    };
}

receives!(
    ExportTraceServiceRequest, resource_spans, spans, span::read_batch, TraceService,
    ExportTraceServiceResponse { ExportTracePartialSuccess { rejected_spans } }
);
receives!(
    ExportLogsServiceRequest, resource_logs, logs, log::read_batch, LogsService,
    ExportLogsServiceResponse { ExportLogsPartialSuccess { rejected_log_records } }
);
receives!(
    ExportMetricsServiceRequest, resource_metrics, metrics, metric::read_batch, MetricsService,
    ExportMetricsServiceResponse { ExportMetricsPartialSuccess { rejected_data_points } }
);

pub(super) fn router(store: &Store) -> Router {
    let traces = TraceServiceServer::new(store.clone()).accept_compressed(Gzip);
    let logs = LogsServiceServer::new(store.clone()).accept_compressed(Gzip);
    let metrics = MetricsServiceServer::new(store.clone()).accept_compressed(Gzip);
    let http = Router::new()
        .route("/v1/traces", post(http::<ExportTraceServiceRequest>))
        .route("/v1/logs", post(http::<ExportLogsServiceRequest>))
        .route("/v1/metrics", post(http::<ExportMetricsServiceRequest>))
        .layer(DefaultBodyLimit::disable())
        .with_state(store.clone());
    let grpc = Routes::new(traces).add_service(logs).add_service(metrics);
    http.merge(grpc.into_axum_router())
        .layer(from_fn_with_state(store.clone(), answer::answer))
}

async fn http<R: Receive>(
    State(store): State<Store>,
    Extension(answer): Extension<OtlpAnswer>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<([(header::HeaderName, &'static str); 1], Vec<u8>), StatusCode> {
    const PROTOBUF: &str = "application/x-protobuf";
    if headers
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind != PROTOBUF)
    {
        return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let body = match headers.get(header::CONTENT_ENCODING) {
        Some(_) => unzipped(&body)?.into(),
        None => body,
    };
    let request = R::decode(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let answer = request.receive(&store, answer).encode_to_vec();
    Ok(([(header::CONTENT_TYPE, PROTOBUF)], answer))
}

fn unzipped(body: &[u8]) -> Result<Vec<u8>, StatusCode> {
    let mut out = Vec::new();
    let read = GzDecoder::new(body).read_to_end(&mut out);
    read.map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok(out)
}
