//! Objects of organisations: what distributed Maps read and write.

use types::OrganisationId;

use crate::At;

/// The query of `GET /v1/objects`, and of what concerns one object.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectQuery {
    /// Whose, by id or name. The token's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
}

/// The query of `GET /v1/objects/{bucket}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectsQuery {
    /// Whose, by id or name. The token's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<String>,
    /// Only those whose keys begin so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Go on after this key: the `next` of the page before, or any other text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many, 1 to 1,000; 100 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

/// An object of a bucket, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct StoredObject {
    /// Its key in its bucket.
    pub key: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was written, in whole seconds.
    pub changed_at: At,
    /// What differs when the object does, as far as its size and its second tell: with quotes, as a listing of S3 has it.
    pub etag: String,
}

/// `GET /v1/objects`: what an organisation keeps, and how much it may.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct ObjectUse {
    /// Whose.
    pub organisation: OrganisationId,
    /// The buckets that something is in, by name.
    pub buckets: Vec<Bucket>,
    /// Bytes of all objects. What is being written counts already.
    pub bytes: u64,
    /// How many there are.
    pub objects: u64,
    /// Bytes that all together may have.
    pub bytes_max: u64,
    /// How many there may be.
    pub objects_max: u64,
    /// Bytes that one may have.
    pub object_bytes_max: u64,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Bytes of what is in it.
    pub bytes: u64,
    /// How many objects are in it.
    pub objects: u64,
}
