//! Starts that are refused, each with a sentence that says why.

use std::net::TcpListener;

use anyhow::ensure;
use tests::{Host, Setup};

#[test]
fn a_second_host_on_the_same_folder_is_refused_and_the_first_goes_on() -> anyhow::Result<()> {
    let host = Host::start()?;
    let addresses = std::fs::read(host.file("addresses.json"))?;
    let said = host.weir(&["serve"])?;
    let text = String::from_utf8_lossy(&said.stderr);
    ensure!(!said.status.success() && text.contains("another host"), "{text}");
    ensure!(host.ready() && std::fs::read(host.file("addresses.json"))? == addresses);
    Ok(())
}

#[test]
fn a_port_in_use_is_named() -> anyhow::Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let (status, text) = Setup::fresh()?.listening(&address).start_in_vain()?;
    ensure!(!status.success() && text.contains(&address), "{status}: {text}");
    Ok(())
}

#[test]
fn an_unknown_configuration_key_is_named() -> anyhow::Result<()> {
    let (status, text) = Setup::fresh()?.with("[gatway]\nlisten = \"127.0.0.1:0\"").start_in_vain()?;
    ensure!(!status.success() && text.contains("gatway"), "{status}: {text}");
    Ok(())
}
