//! The pages for operators and of the command line: each block that is marked `sh run` is run as it stands, against a host, in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::host::Place;

const PROJECT: &str = "[api]\nslug = \"echo\"\ntitle = \"Echo\"\n[component]\nworld = \"http\"\nwasm = \"echo.wasm\"\n\
                       [[routes]]\nmethod = \"*\"\npath = \"/{*rest}\"\n[[plans]]\nname = \"BASIC\"\n";

fn pages() -> Vec<PathBuf> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let folder = fs::read_dir(docs.join("operators")).unwrap().map(|page| page.unwrap().path());
    let mut pages: Vec<PathBuf> = folder.chain([docs.join("operators.md"), docs.join("command-line.md")]).collect();
    pages.sort_unstable();
    pages
}

/// The marked blocks of a page, each with the line at which it begins.
fn blocks(page: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        if line == "```sh run" {
            let block: Vec<&str> = lines.by_ref().map(|(line, _)| line).take_while(|line| *line != "```").collect();
            blocks.push((number, block.join("\n")));
        }
    }
    blocks
}

/// What the pages presume: a host that runs, with an API and a call of it.
fn run(page: &Path, blocks: &[(usize, String)]) {
    let place = Place::new();
    let host = place.start();
    let folder = place.path().join("echo");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("echo.wasm"), tests::Component::echo().unwrap().bytes()).unwrap();
    fs::write(folder.join("weir.toml"), PROJECT).unwrap();
    place.run(&["publish", "echo"]).expect_success();
    let subscribed = ["--json", "subscribe", "--api", "echo", "--plan", "BASIC", "--app", "shop"];
    let subscribed: serde_json::Value = serde_json::from_str(&place.run(&subscribed).expect_success()).unwrap();
    let key = subscribed["key"]["secret"].as_str().unwrap();
    place.run(&["call", "echo", "GET", "/x", "--key", key]).expect_success();
    let calls: serde_json::Value =
        serde_json::from_str(&place.run(&["--json", "calls", "--api", "echo"]).expect_success()).unwrap();

    let program = Path::new(env!("CARGO_BIN_EXE_weir")).parent().unwrap();
    for (line, block) in blocks {
        let ran = Command::new("bash")
            .args(["-euo", "pipefail", "-c", block])
            .current_dir(place.path())
            .env_clear()
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", program.display()))
            .env("HOME", place.path())
            .env("WEIR_DATA", place.data())
            .env("WEIR_CONTROL", host.up["control"].as_str().unwrap())
            .env("WEIR_TOKEN", host.up["operator_token"].as_str().unwrap())
            .env("WEIR_KEY", key)
            .env("CALL", calls["items"][0]["id"].as_str().unwrap())
            .output()
            .unwrap();
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (said(&ran.stdout), said(&ran.stderr));
        assert!(ran.status.success(), "{}:{line}\n{block}\n{out}{err}", page.display());
    }
    assert_eq!(host.stop().0, Some(0));
}

#[test]
fn every_command_that_a_page_marks_does_what_it_says() {
    let mut marked = 0;
    for page in pages() {
        let blocks = blocks(&fs::read_to_string(&page).unwrap());
        if !blocks.is_empty() {
            run(&page, &blocks);
        }
        marked += blocks.len();
    }
    assert!(marked >= 5, "the pages have {marked} marked blocks");
}
