//! Credentials for clients of AWS, as the catalog has them: the secret sealed.

use types::{AccessKeyId, OrganisationId, Timestamp};

use crate::tables::aws_credential;
use crate::{Actor, Catalog, CatalogError, Sealed};

/// What signs requests in an organisation's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsCredential {
    /// Its public id.
    pub id: AccessKeyId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// What people call it.
    pub name: String,
    /// Its secret access key. Only the host's vault opens it.
    pub sealed: Sealed,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What is asked of a new credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAwsCredential {
    /// Its public id, drawn for it.
    pub id: AccessKeyId,
    /// Whose it becomes.
    pub organisation: OrganisationId,
    /// What people call it: 1 to 100 characters. Several may be called alike.
    pub name: String,
    /// Its secret access key, sealed for this id and organisation.
    pub sealed: Sealed,
}

impl Catalog {
    /// Makes a credential. It counts from the next request on.
    ///
    /// # Errors
    ///
    /// As the module of commands says; `Invalid` also when the organisation has 20.
    pub async fn create_aws_credential(&self, actor: Actor, new: NewAwsCredential) -> Result<(), CatalogError> {
        self.change(actor, move |change| aws_credential::create(change, &new)).await
    }

    /// Deletes a credential: what it signs is refused from now on. The file is not scrubbed, as with secrets.
    ///
    /// # Errors
    ///
    /// As the module of commands says.
    pub async fn delete_aws_credential(&self, actor: Actor, id: AccessKeyId) -> Result<(), CatalogError> {
        self.change(actor, move |change| aws_credential::delete(change, id)).await
    }
}
