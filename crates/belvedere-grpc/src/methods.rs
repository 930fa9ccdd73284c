use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;
use prost::Message;
use prost_types::FileDescriptorSet;

use crate::{series::Series, services::ServiceError};

/// The methods of the mounted services by their paths, and one for all others: no label value comes from a caller.
#[derive(Debug)]
pub(crate) struct Methods {
    known: HashMap<Box<str>, Arc<Series>, RandomState>,
    unmatched: Arc<Series>,
}

impl Methods {
    /// Those of `services`, as these files describe them.
    pub(crate) fn of(services: &[&'static str], files: &[&[u8]]) -> Result<Self, ServiceError> {
        let mut known = HashMap::<_, _, RandomState>::default();
        let mut described = Vec::new();
        for encoded in files {
            let set = FileDescriptorSet::decode(*encoded).map_err(ServiceError::Descriptors)?;
            for file in &set.file {
                for service in &file.service {
                    let (package, name) = (file.package(), service.name());
                    let full = full_name(package, name);
                    for method in service.method.iter().map(|method| method.name()) {
                        let series = Arc::new(Series::new(package, name, method));
                        known.insert(format!("/{full}/{method}").into(), series);
                    }
                    described.push(full);
                }
            }
        }
        known.retain(|_, series| services.contains(&series.full_service()));
        match services
            .iter()
            .find(|name| !described.iter().any(|known| known == *name))
        {
            Some(name) => Err(ServiceError::Undescribed(name)),
            None => Ok(Self {
                known,
                unmatched: Arc::new(Series::unmatched()),
            }),
        }
    }

    /// The method at this path.
    pub(crate) fn at(&self, path: &str) -> &Arc<Series> {
        self.known.get(path).unwrap_or(&self.unmatched)
    }
}

fn full_name(package: &str, service: &str) -> String {
    if package.is_empty() {
        service.to_owned()
    } else {
        format!("{package}.{service}")
    }
}

#[cfg(test)]
mod tests {
    use tonic_health::pb::FILE_DESCRIPTOR_SET;

    use super::*;

    #[test]
    fn methods_are_known_from_the_descriptors_and_all_others_are_one() {
        let methods = Methods::of(&["grpc.health.v1.Health"], &[FILE_DESCRIPTOR_SET]).unwrap();
        let check = methods.at("/grpc.health.v1.Health/Check");
        assert_eq!(&*check.name, "grpc.health.v1.Health/Check");
        let made_up = methods.at("/grpc.health.v1.Health/Made");
        assert!(made_up.is_unmatched());
        assert!(Arc::ptr_eq(made_up, methods.at("/up")));
        let unserved = Methods::of(&[], &[FILE_DESCRIPTOR_SET]).unwrap();
        let check = unserved.at("/grpc.health.v1.Health/Check");
        assert!(check.is_unmatched(), "only described");
    }

    #[test]
    fn a_service_that_no_descriptor_tells_of_is_refused_by_its_name() {
        let refused = Methods::of(&["shop.v1.Orders"], &[FILE_DESCRIPTOR_SET]);
        assert!(refused.unwrap_err().to_string().contains("shop.v1.Orders"));
    }
}
