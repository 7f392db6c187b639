//! Standard output and standard error: kept up to a cap, taken for written beyond it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Bytes kept of each stream.
const KEPT_MAX: usize = 64 * 1024;
/// What one write may bring.
const WRITE_MAX: usize = 64 * 1024;

/// One stream of one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output(Arc<Mutex<Written>>);

#[derive(Debug, Default)]
struct Written {
    kept: Vec<u8>,
    cut: u64,
}

impl Output {
    /// What was kept, and how many bytes were not.
    pub(crate) fn take(&self) -> (Vec<u8>, u64) {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let written = std::mem::take(&mut *written);
        (written.kept, written.cut)
    }

    fn append(&self, bytes: &[u8]) {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT_MAX.saturating_sub(written.kept.len()).min(bytes.len());
        written.kept.extend_from_slice(&bytes[..room]);
        written.cut = written.cut.saturating_add(u64::try_from(bytes.len() - room).unwrap_or(u64::MAX));
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.append(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_MAX)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Output {
    fn poll_write(self: Pin<&mut Self>, _context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.append(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
