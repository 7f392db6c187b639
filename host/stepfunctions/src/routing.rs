//! Routes of an alias: a version of a machine, or two by weight.

use serde::Deserialize;

use crate::arn::{Arn, Qualifier, Thing};
use crate::check::{invalid_arn, machine_arn};
use crate::error::OperationError;

/// One route.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    state_machine_version_arn: String,
    weight: u32,
}

/// Where the routes lead: the machine, and its versions with the share of the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routing {
    /// The ARN of the first version.
    pub arn: Arn,
    /// The name of their machine.
    pub machine: String,
    /// The first version.
    pub first: u32,
    /// Its share, of 100.
    pub weight: u32,
    /// The other version, which has the rest.
    pub second: Option<u32>,
}

impl Routing {
    /// Reads the routes of an alias.
    ///
    /// # Errors
    ///
    /// `ValidationException`: they name other than one version of a machine or two, or their weights are not 100 together.
    pub fn read(routes: &[Route]) -> Result<Self, OperationError> {
        let refuse = |why: &str| Err(OperationError::validation(why).with("reason", "INVALID_ROUTING_CONFIGURATION"));
        let mut read = Vec::new();
        for route in routes {
            let arn = machine_arn(&route.state_machine_version_arn)?;
            let Thing::Machine { name, qualifier: Some(Qualifier::Version(number)) } = arn.thing.clone() else {
                return Err(invalid_arn(&route.state_machine_version_arn));
            };
            read.push((arn, name, number, route.weight));
        }
        if read.iter().map(|(.., weight)| u64::from(*weight)).sum::<u64>() != 100 {
            return refuse("The weights of the routing configuration must add up to 100");
        }
        match <[_; 1]>::try_from(read) {
            Ok([(arn, machine, first, weight)]) => Ok(Self { arn, machine, first, weight, second: None }),
            Err(read) => match <[_; 2]>::try_from(read) {
                Ok([(arn, machine, first, weight), (_, other, second, _)]) => {
                    if other != machine || first == second {
                        return refuse("The routing configuration must name two versions of one state machine");
                    }
                    Ok(Self { arn, machine, first, weight, second: Some(second) })
                }
                Err(_) => refuse("The routing configuration must name one version or two"),
            },
        }
    }
}
