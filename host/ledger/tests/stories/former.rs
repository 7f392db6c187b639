//! Files that former versions wrote.

use std::path::Path;

use crate::book::{Book, hard};

/// A file of each version before this one: `sqlite3`'s dump of it, with its version at the end.
fn dumps() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

#[tokio::test]
async fn a_file_of_every_former_version_opens_and_agrees() {
    let dumps = dumps();
    assert!(!dumps.is_empty());
    for (name, dump) in dumps {
        let book = Book::of_dump(&dump);
        let calls = book.ledger.calls(ledger::CallFilter::default()).await.unwrap();
        // Attempts at tasks stand there too.
        assert_eq!(calls.iter().filter(|call| call.requests > 0).count(), 3, "{name}");
        assert_eq!(book.number("SELECT sum(used) FROM counter"), 3, "{name}");
        book.expect_sound().await;
        let acme = book.subscriber(hard(1));
        book.call(&acme).await.unwrap();
        book.expect_sound().await;
    }
}
