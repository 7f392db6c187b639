//! Why there is no such object, or it cannot be written.

use std::io;

use types::ByteCount;

use crate::walk::NAMES_MAX;

/// Why an object cannot be read, listed, written or deleted. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// It can be no bucket.
    #[error("'{0}' is not the name of a bucket: 3 to 63 of a-z, 0-9, '.' and '-'")]
    Bucket(String),
    /// It can be no key.
    #[error("'{0}' is not the key of an object here: parts between '/', none of them empty, '.' or '..'")]
    Key(String),
    /// It is not there.
    #[error("there is no object '{0}'; objects lie in the host's folder 'objects', by organisation and bucket")]
    Missing(String),
    /// A part of its name is another object, or it is a folder of such.
    #[error("'{0}' is no file, or a part of it is one: the name of an object cannot go on below another")]
    NoFile(String),
    /// There is too much to look through.
    #[error("the bucket has more than {NAMES_MAX} names")]
    TooMany,
    /// It is larger than one may be.
    #[error("an object must not be larger than {} bytes", .0.get())]
    TooLarge(ByteCount),
    /// Its organisation keeps as many bytes as it may.
    #[error("the objects of an organisation must not have more than {} bytes together: delete some first", .0.get())]
    NoRoom(ByteCount),
    /// Its organisation keeps as many as it may.
    #[error("an organisation must not have more than {0} objects: delete some first")]
    NoPlace(u64),
    /// The disk has failed, or is full.
    #[error("could not {what} an object")]
    File {
        /// What was done.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl ObjectError {
    pub(crate) fn write(source: io::Error) -> Self {
        Self::File { what: "write", source }
    }
}
