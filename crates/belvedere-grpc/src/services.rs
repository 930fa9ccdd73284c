use std::convert::Infallible;

use axum::response::IntoResponse;
use belvedere_core::{Health, Shutdown};
use tonic::{body::Body, server::NamedService};
use tower_service::Service;

use crate::{Grpc, Served, health, methods::Methods};

/// The services of a gRPC listener, and the files that describe them.
#[derive(Debug, Clone, Default)]
pub struct Services {
    served: Served,
    files: Vec<&'static [u8]>,
}

/// Services whose methods are not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// What was given as a file descriptor set is none.
    #[error("the file descriptor set cannot be read")]
    Descriptors(#[source] prost::DecodeError),
    /// A service is served that no file descriptor set tells of: its methods would have no names in any signal.
    #[error("{0} is in no file descriptor set given to `Services::new`")]
    Undescribed(&'static str),
    /// The reflection service could not be made of the file descriptor sets.
    #[error("reflection cannot be served")]
    Reflection(#[source] tonic_reflection::server::Error),
}

/// Services whose methods are known.
#[derive(Debug)]
pub struct Described {
    /// What is served, without any layer.
    pub served: Served,
    /// How its calls are told.
    pub grpc: Grpc,
}

impl Services {
    /// `descriptors` is the encoded file descriptor set of the services, which their generated code has beside it: it says which
    /// methods there are, so that no label value is a caller's.
    pub fn new(descriptors: &'static [u8]) -> Self {
        Self {
            files: vec![descriptors],
            ..Self::default()
        }
    }

    /// Serves `service` too: what tonic has generated.
    #[must_use]
    pub fn service<S>(mut self, service: S) -> Self
    where
        S: Service<http::Request<Body>, Error = Infallible> + NamedService,
        S: Clone + Send + Sync + 'static,
        S::Response: IntoResponse,
        S::Future: Send + 'static,
    {
        self.served.add(service);
        self
    }

    /// What callers ask for.
    ///
    /// # Errors
    ///
    /// Their methods are not known.
    pub fn described(&self) -> Result<Described, ServiceError> {
        let names: Vec<_> = self.served.names().collect();
        let methods = Methods::of(&names, &self.files)?;
        Ok(Described {
            served: self.served.clone(),
            grpc: Grpc::new(methods),
        })
    }

    /// What tools and balancers ask for: `grpc.health.v1`, which tells of all services what `/health/ready` does, and `reflection`
    /// where that is wished.
    ///
    /// # Errors
    ///
    /// The file descriptor sets cannot be read.
    pub fn probes(
        &self,
        health: Health,
        shutdown: Shutdown,
        reflection: bool,
    ) -> Result<Described, ServiceError> {
        let mut probes = Self::new(tonic_health::pb::FILE_DESCRIPTOR_SET);
        let names = self.served.names().collect();
        probes = probes.service(health::service(health, shutdown, names));
        if reflection {
            probes = probes.reflecting(self)?;
        }
        probes.described()
    }

    fn reflecting(mut self, services: &Self) -> Result<Self, ServiceError> {
        use tonic_reflection::{pb, server::Builder};
        let builder = || {
            let files = services.files.iter().chain(&self.files);
            files.fold(Builder::configure(), |builder, files| {
                builder.register_encoded_file_descriptor_set(files)
            })
        };
        let v1 = builder().build_v1().map_err(ServiceError::Reflection)?;
        let alpha = builder()
            .build_v1alpha()
            .map_err(ServiceError::Reflection)?;
        self.files.push(pb::v1::FILE_DESCRIPTOR_SET);
        self.files.push(pb::v1alpha::FILE_DESCRIPTOR_SET);
        Ok(self.service(v1).service(alpha))
    }
}
