//! Names of objects: a bucket and a key that can be a file.

use crate::error::ObjectError;

/// Bytes of a key (the limit of S3).
pub(crate) const KEY_MAX: usize = 1_024;
/// Bytes of one part of a key (that of most file systems).
const PART_MAX: usize = 255;

/// A bucket and a key that can be a file. No such name leads out of the folder of its organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    bucket: String,
    key: String,
}

impl Name {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`ObjectError::Bucket`] and [`ObjectError::Key`].
    pub fn new(bucket: &str, key: &str) -> Result<Self, ObjectError> {
        check_bucket(bucket)?;
        let fits = |part: &str| !matches!(part, "" | "." | "..") && part.len() <= PART_MAX;
        if key.len() > KEY_MAX || !key.split('/').all(fits) || key.chars().any(char::is_control) {
            return Err(ObjectError::Key(key.chars().take(100).collect()));
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key in it.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// As the context object of an item has it.
    pub fn uri(&self) -> String {
        format!("S3://{}/{}", self.bucket, self.key)
    }
}

pub(crate) fn check_bucket(bucket: &str) -> Result<(), ObjectError> {
    if is_bucket(bucket) { Ok(()) } else { Err(ObjectError::Bucket(bucket.chars().take(100).collect())) }
}

/// Whether this can be the name of a bucket: 3 to 63 of `a-z`, `0-9`, `.` and `-`, with a letter or digit at both ends.
pub(crate) fn is_bucket(bucket: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [bucket.bytes().next(), bucket.bytes().next_back()];
    (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|byte| inner(byte) || matches!(byte, b'.' | b'-'))
        && ends.into_iter().all(|end| end.is_some_and(inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for (bucket, key) in [
            ("..", "a"),
            ("Bucket", "a"),
            ("a/b", "a"),
            (".writing", "a"),
            ("bucket", ""),
            ("bucket", "../a"),
            ("bucket", "a/../b"),
            ("bucket", "a//b"),
            ("bucket", "/a"),
            ("bucket", "a/"),
            ("bucket", "a\0b"),
            ("bucket", &"a/".repeat(600)),
        ] {
            assert!(Name::new(bucket, key).is_err(), "{bucket} {key}");
        }
    }
}
