//! `weir objects`: what distributed Maps read and write.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::cli::Session;
use crate::client::{Client, Made};
use crate::command::whose::Whose;

/// The commands of `weir objects`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Objects {
    /// Put a file in the place of an object; `-` reads standard input
    Put(Put),
    /// Read an object into a file, or print it
    Get(Get),
    /// List the objects of a bucket; without one, the buckets, and how much may be kept
    List(List),
    /// Delete an object
    Delete(One),
}

/// One object.
#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// The bucket and the key, such as orders/2026/may.csv
    #[arg(value_name = "BUCKET/KEY")]
    place: String,
    #[command(flatten)]
    whose: Whose,
}

/// A file on its way.
#[derive(Debug, clap::Args)]
pub(crate) struct Put {
    /// The file, or `-`
    file: PathBuf,
    #[command(flatten)]
    one: One,
}

/// An object on its way back.
#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    #[command(flatten)]
    one: One,
    /// Where it goes; standard output when absent
    file: Option<PathBuf>,
}

/// A bucket, or all.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// The bucket
    bucket: Option<String>,
    /// Only keys that begin so
    #[arg(long, default_value = "")]
    prefix: String,
    /// Only keys after this one
    #[arg(long, default_value = "")]
    after: String,
    /// How many at most
    #[arg(long, default_value_t = 1_000)]
    limit: u32,
    #[command(flatten)]
    whose: Whose,
}

impl Objects {
    /// Runs one of them.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let client = session.client()?;
        match self {
            Self::Put(put) => {
                let (made, object) = put.run(&client)?;
                session.output.document(&object)?;
                let word = if made == Made::Now { "made" } else { "replaced" };
                session.output.line(format_args!("{}: {word}, {} bytes", put.one.place, object.bytes))?;
            }
            Self::Get(get) => get.run(&client)?,
            Self::List(list) => list.run(session, &client)?,
            Self::Delete(one) => {
                let gone: api::StoredObject = client.delete_with(&one.path()?, &one.whose.query())?;
                session.output.document(&gone)?;
                session.output.line(format_args!("{}: deleted", one.place))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl One {
    fn path(&self) -> anyhow::Result<String> {
        match self.place.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                Ok(format!("/v1/objects/{}/{}", encoded(bucket), encoded(key)))
            }
            _ => bail!("{:?} is no bucket and key such as orders/2026/may.csv", self.place),
        }
    }
}

impl Put {
    fn run(&self, client: &Client) -> anyhow::Result<(Made, api::StoredObject)> {
        let (path, query) = (self.one.path()?, self.one.whose.query());
        if self.file == Path::new("-") {
            return client.put_body(&path, &query, ureq::SendBody::from_owned_reader(io::stdin()));
        }
        let file = File::open(&self.file).with_context(|| format!("could not read {}", self.file.display()))?;
        client.put_body(&path, &query, file)
    }
}

impl Get {
    fn run(&self, client: &Client) -> anyhow::Result<()> {
        let mut body = client.get_body(&self.one.path()?, &self.one.whose.query())?;
        let copied = match &self.file {
            None => io::copy(&mut body, &mut io::stdout().lock()),
            Some(path) => {
                let made = File::create(path).with_context(|| format!("could not make {}", path.display()));
                io::copy(&mut body, &mut made?)
            }
        };
        copied.context("the object broke off, and what was read of it is not whole")?;
        Ok(())
    }
}

impl List {
    fn run(&self, session: &Session, client: &Client) -> anyhow::Result<()> {
        let Some(bucket) = &self.bucket else { return self.used(session, client) };
        let mut query = self.whose.query();
        query.extend([
            ("prefix", self.prefix.clone()),
            ("after", self.after.clone()),
            ("limit", self.limit.to_string()),
        ]);
        let page: api::Page<api::StoredObject> =
            client.get_with(&format!("/v1/objects/{}", encoded(bucket)), &query)?;
        session.output.document(&page)?;
        let row = |one: &api::StoredObject| vec![one.key.clone(), one.bytes.to_string(), one.changed_at.to_string()];
        let rows: Vec<_> = page.items.iter().map(row).collect();
        session.output.table(&["KEY", "BYTES", "CHANGED"], &rows)?;
        match page.next {
            Some(next) => session.output.line(format_args!("there are more: --after {next}")),
            None => Ok(()),
        }
    }

    fn used(&self, session: &Session, client: &Client) -> anyhow::Result<()> {
        let used: api::ObjectUse = client.get_with("/v1/objects", &self.whose.query())?;
        session.output.document(&used)?;
        let row = |one: &api::Bucket| vec![one.name.clone(), one.objects.to_string(), one.bytes.to_string()];
        let rows: Vec<_> = used.buckets.iter().map(row).collect();
        session.output.table(&["BUCKET", "OBJECTS", "BYTES"], &rows)?;
        session.output.line(format_args!(
            "{} objects of {}, {} MiB of {}",
            used.objects,
            used.objects_max,
            used.bytes >> 20,
            used.bytes_max >> 20
        ))
    }
}

/// A part of a path. Parts of a key stay apart.
fn encoded(text: &str) -> String {
    let mut written = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            written.push(char::from(byte));
        } else {
            written.push_str(&format!("%{byte:02X}"));
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_path_whatever_letters_it_has() {
        assert_eq!(encoded("2026/größe 1?.csv"), "2026/gr%C3%B6%C3%9Fe%201%3F.csv");
    }
}
