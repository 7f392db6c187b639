//! Roles of state machines: what the HTTP tasks of a machine that an operation has made may reach outside.
//!
//! A release grants this for the machine that it is. One that a client of AWS has created names a role instead, as it
//! does there.

use types::{Egress, OrganisationId, RoleId, RoleName, Timestamp};

use crate::tables::machine_role;
use crate::{Actor, Catalog, CatalogError};

/// A role of an organisation's state machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineRole {
    /// Its id.
    pub id: RoleId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// Its name, unique within the organisation: what a role's ARN ends with.
    pub name: RoleName,
    /// How often it was set, from 1.
    pub version: u32,
    /// What it grants. `None`: it was removed.
    pub egress: Option<Egress>,
    /// When it was last set or removed.
    pub updated_at: Timestamp,
}

impl Catalog {
    /// Makes a role of an organisation, or gives it another grant. Executions use it from the next request on.
    ///
    /// # Errors
    ///
    /// As the module of commands says; `Invalid` also for more than 32 places or 16 secrets, for a secret that is not
    /// set, and when the organisation has named 100 roles.
    pub async fn set_machine_role(
        &self,
        actor: Actor,
        organisation: OrganisationId,
        name: RoleName,
        grant: Egress,
    ) -> Result<RoleId, CatalogError> {
        self.change(actor, move |change| machine_role::set(change, organisation, &name, &grant)).await
    }

    /// Removes a role: requests of executions under it are denied from now on.
    ///
    /// # Errors
    ///
    /// As the module of commands says.
    pub async fn remove_machine_role(
        &self,
        actor: Actor,
        organisation: OrganisationId,
        name: RoleName,
    ) -> Result<(), CatalogError> {
        self.change(actor, move |change| machine_role::remove(change, organisation, &name)).await
    }
}
