//! A small OTLP collector of either protocol, which keeps what it is sent.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

/// A span as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    pub resource: Resource,
    pub headers: HeaderMap,
    pub span: Span,
}

impl Received {
    /// An attribute of the process that sent it.
    pub fn attribute(&self, key: &str) -> String {
        let named = |attribute: &&KeyValue| attribute.key == key;
        let found = self.resource.attributes.iter().find(named).cloned();
        match found.and_then(|attribute| attribute.value?.value) {
            Some(any_value::Value::StringValue(text)) => text,
            other => panic!("{key} is {other:?}"),
        }
    }

    pub fn trace_id(&self) -> String {
        hex(&self.span.trace_id)
    }
}

pub fn hex(id: &[u8]) -> String {
    id.iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// What has arrived.
#[derive(Clone, Default)]
pub struct Spans(Arc<Mutex<Vec<Received>>>);

impl Spans {
    pub fn all(&self) -> Vec<Received> {
        self.0.lock().unwrap().clone()
    }

    fn take(&self, headers: &HeaderMap, request: ExportTraceServiceRequest) {
        for sent in request.resource_spans {
            let resource = sent.resource.unwrap();
            let spans = sent.scope_spans.into_iter().flat_map(|scope| scope.spans);
            self.0.lock().unwrap().extend(spans.map(|span| Received {
                resource: resource.clone(),
                headers: headers.clone(),
                span,
            }));
        }
    }
}

/// The gRPC service, which is told headers and message apart.
#[tonic::async_trait]
impl TraceService for Spans {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        self.take(&metadata.into_headers(), request);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// A collector for OTLP over HTTP, with its URL.
pub async fn http() -> (String, Spans) {
    http_at((Ipv4Addr::LOCALHOST, 0).into()).await
}

/// The same at this address.
pub async fn http_at(address: SocketAddr) -> (String, Spans) {
    async fn receive(State(spans): State<Spans>, headers: HeaderMap, body: Bytes) {
        spans.take(&headers, ExportTraceServiceRequest::decode(body).unwrap());
    }
    let (listener, url) = listen(address).await;
    let spans = Spans::default();
    let router = Router::new()
        .route("/v1/traces", post(receive))
        .with_state(spans.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, spans)
}

/// A collector for OTLP over gRPC, with its URL.
pub async fn grpc() -> (String, Spans) {
    grpc_on(Server::builder()).await
}

/// The same behind TLS, as `localhost`.
pub async fn grpc_with_tls(identity: Identity) -> (String, Spans) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tls = ServerTlsConfig::new().identity(identity);
    let (url, spans) = grpc_on(Server::builder().tls_config(tls).unwrap()).await;
    (url.replace("http://127.0.0.1", "https://localhost"), spans)
}

async fn grpc_on(mut server: Server) -> (String, Spans) {
    let (listener, url) = listen((Ipv4Addr::LOCALHOST, 0).into()).await;
    let spans = Spans::default();
    let service = Routes::new(TraceServiceServer::new(spans.clone()));
    let incoming = TcpIncoming::from(listener);
    tokio::spawn(async move { server.add_routes(service).serve_with_incoming(incoming).await });
    (url, spans)
}

async fn listen(address: SocketAddr) -> (TcpListener, String) {
    let listener = TcpListener::bind(address).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}
