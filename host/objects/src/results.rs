//! Results of a distributed Map, written as objects: `ResultWriter`.

use serde_json::{Value, json};

use crate::error::ObjectError;
use crate::name::Name;
use crate::owned::Owned;
use crate::writing::Writing;

/// The share of what an object may have after which a result goes on in another.
const FULL_AT: u64 = 4;

/// Where the results of one map run are written.
pub struct ResultWriter<'w> {
    objects: &'w Owned,
    bucket: &'w str,
    folder: String,
    is_lines: bool,
}

impl<'w> ResultWriter<'w> {
    /// Of what a Map asks for, `ResultWriter`, for the run of this name.
    pub fn of(writer: &'w Value, run: &str, objects: &'w Owned) -> Self {
        let argument = |name: &str| {
            writer.get("Arguments").and_then(|given| given.get(name)).and_then(Value::as_str).unwrap_or_default()
        };
        let prefix = argument("Prefix").trim_matches('/');
        let folder = if prefix.is_empty() { run.to_owned() } else { format!("{prefix}/{run}") };
        let is_lines = writer.pointer("/WriterConfig/OutputType").and_then(Value::as_str) == Some("JSONL");
        Self { objects, bucket: argument("Bucket"), folder, is_lines }
    }

    /// Objects for results of one kind, such as `SUCCEEDED`.
    pub fn sheets(&self, kind: &str) -> Sheets<'_> {
        let base = format!("{}/{kind}", self.folder);
        Sheets {
            objects: self.objects,
            bucket: self.bucket,
            base,
            is_lines: self.is_lines,
            open: None,
            done: Vec::new(),
        }
    }

    /// Writes what names all of `files`, by their kinds, and answers with what the state is told: where that is. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Writing::put`], [`Writing::finish`] and [`Owned::write`].
    pub fn manifest(&self, run_arn: &str, files: &Value) -> Result<Value, ObjectError> {
        let manifest = json!({ "DestinationBucket": self.bucket, "MapRunArn": run_arn, "ResultFiles": files });
        let key = format!("{}/manifest.json", self.folder);
        let mut file = self.objects.write(&Name::new(self.bucket, &key)?)?;
        file.put(manifest.to_string().as_bytes())?;
        file.finish()?;
        Ok(json!({ "MapRunArn": run_arn, "ResultWriterDetails": { "Bucket": self.bucket, "Key": key } }))
    }
}

/// The objects of one kind of results, each begun when the one before is large.
pub struct Sheets<'w> {
    objects: &'w Owned,
    bucket: &'w str,
    base: String,
    is_lines: bool,
    open: Option<(String, Writing)>,
    done: Vec<Value>,
}

impl Sheets<'_> {
    /// Adds a result. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Writing::put`] and [`Owned::write`].
    pub fn put(&mut self, result: &Value) -> Result<(), ObjectError> {
        let most = self.objects.limits().object_max.get() / FULL_AT;
        let is_large = self.open.as_ref().is_some_and(|(_, file)| file.bytes() >= most);
        if is_large {
            self.close()?;
        }
        let is_lines = self.is_lines;
        let begin = if is_lines { "" } else { "[" };
        let between = if is_lines { "\n" } else { "," };
        let (file, before) = match &mut self.open {
            Some((_, file)) => (file, between),
            None => {
                let end = if is_lines { "jsonl" } else { "json" };
                let key = format!("{}_{}.{end}", self.base, self.done.len());
                let file = self.objects.write(&Name::new(self.bucket, &key)?)?;
                (&mut self.open.insert((key, file)).1, begin)
            }
        };
        file.put(before.as_bytes())?;
        file.put(result.to_string().as_bytes())
    }

    fn close(&mut self) -> Result<(), ObjectError> {
        let Some((key, mut file)) = self.open.take() else { return Ok(()) };
        file.put(if self.is_lines { b"\n" } else { b"]" })?;
        let written = file.finish()?;
        self.done.push(json!({ "Key": key, "Size": written.bytes }));
        Ok(())
    }

    /// The objects that are there by now, as the manifest names them. Blocks.
    ///
    /// # Errors
    ///
    /// As [`Writing::finish`].
    pub fn finish(mut self) -> Result<Vec<Value>, ObjectError> {
        self.close()?;
        Ok(self.done)
    }
}
