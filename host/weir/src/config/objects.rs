//! `[objects]`: how much organisations may keep for distributed Maps.

use std::num::NonZeroU32;

use types::ByteCount;

/// The section `[objects]`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ObjectsSection {
    /// MiB that one object may have.
    pub(crate) object_max_mib: NonZeroU32,
    /// MiB that all objects of one organisation may have.
    pub(crate) organisation_max_mib: NonZeroU32,
    /// Objects that one organisation may have, 200,000 at most: so many can be listed.
    pub(crate) organisation_max_objects: NonZeroU32,
}

/// More could not be listed.
const OBJECTS_MAX: u32 = 200_000;

impl Default for ObjectsSection {
    fn default() -> Self {
        let count = |usual: u64| u32::try_from(usual).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        let usual = objects::Limits::default();
        let mib = |bytes: ByteCount| count(bytes.get() >> 20);
        Self {
            object_max_mib: mib(usual.object_max),
            organisation_max_mib: mib(usual.bytes_max),
            organisation_max_objects: count(usual.objects_max),
        }
    }
}

impl ObjectsSection {
    /// The limits of the room.
    pub(crate) fn limits(&self) -> objects::Limits {
        objects::Limits {
            object_max: ByteCount::mib(self.object_max_mib.get().into()),
            bytes_max: ByteCount::mib(self.organisation_max_mib.get().into()),
            objects_max: self.organisation_max_objects.get().min(OBJECTS_MAX).into(),
        }
    }
}
