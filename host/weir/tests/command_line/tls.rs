//! Both listeners behind certificates, as curl sees them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::host::{HOST_TOML, Host, Place};

const TLS: &str = r#"
tls = { certificate = "one.pem", key = "one.key", others = [{ certificate = "two.pem", key = "two.key" }] }
"#;

/// Writes a certificate for `names` into the data folder, which is its own root.
fn certify(place: &Place, file: &str, names: &[&str]) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    fs::write(place.data().join(format!("{file}.pem")), made.cert.pem()).unwrap();
    fs::write(place.data().join(format!("{file}.key")), made.signing_key.serialize_pem()).unwrap();
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(place.data().join(format!("{file}.key")), private).unwrap();
}

/// A place whose listeners both have certificates, for two names.
fn place() -> Place {
    let place = Place::bare();
    let listen = "listen = \"127.0.0.1:0\"";
    place.configure(&HOST_TOML.replace(listen, &format!("{listen}{TLS}")));
    certify(&place, "one", &["one.example", "localhost"]);
    certify(&place, "two", &["two.example"]);
    place
}

fn port(host: &Host, of: &str) -> String {
    host.up[of].as_str().unwrap().rsplit_once(':').unwrap().1.to_owned()
}

/// Asks with curl, which trusts `root` alone; answers what it printed, or why it failed.
fn curl(place: &Place, root: &str, url: &str, more: &[&str]) -> Result<String, String> {
    let port = url.split(':').nth(2).unwrap().split('/').next().unwrap();
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "20", "--cacert"]).arg(place.data().join(root));
    for name in ["one.example", "two.example"] {
        command.arg("--resolve").arg(format!("{name}:{port}:127.0.0.1"));
    }
    let ran = command.args(more).arg(url).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if ran.status.success() { Ok(said(&ran.stdout)) } else { Err(said(&ran.stderr)) }
}

#[test]
fn each_name_is_shown_its_certificate_and_http2_is_agreed_on() {
    let place = place();
    let host = place.start();
    assert!(host.up["gateway"].as_str().unwrap().starts_with("https://"));
    for of in ["gateway", "control"] {
        let port = port(&host, of);
        let path = if of == "gateway" { "-/healthz" } else { "healthz" };
        for (name, root) in [("one.example", "one.pem"), ("two.example", "two.pem")] {
            let url = format!("https://{name}:{port}/{path}");
            let shown = curl(&place, root, &url, &["-o", "/dev/null", "-w", "%{http_version} %{http_code}"]);
            assert_eq!(shown.unwrap(), "2 200", "{url}");
            let shown = curl(&place, root, &url, &["--http1.1", "-o", "/dev/null", "-w", "%{http_version}"]);
            assert_eq!(shown.unwrap(), "1.1");
        }
        let wrong = curl(&place, "one.pem", &format!("https://two.example:{port}/{path}"), &[]);
        assert!(wrong.is_err(), "the second name has a certificate of its own");
        let plain = curl(&place, "one.pem", &format!("http://one.example:{port}/{path}"), &["-i"]).unwrap();
        assert!(plain.starts_with("HTTP/1.1 400") && plain.contains("https://"), "{plain}");
    }
    // The command line on this machine needs no certificate's name.
    place.run(&["usage"]).expect_success();
    // From elsewhere it does.
    let url = format!("https://localhost:{}", port(&host, "control"));
    let token = host.up["operator_token"].as_str().unwrap();
    let far = place.run(&["--control", &url, "--token", token, "usage"]);
    far.expect_failure(&["no answer from https://localhost", "certificate"]);
    let (code, log) = host.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("may read the key"), "{log}");
}

#[test]
fn an_api_is_reached_by_the_host_name_that_its_certificate_has() {
    let place = place();
    let host = place.start();
    let folder = place.path().join("echo");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("echo.wasm"), tests::Component::echo().unwrap().bytes()).unwrap();
    let project = "[api]\nslug = \"echo\"\ntitle = \"Echo\"\nhosts = [\"two.example\"]\n[component]\nworld = \"http\"\n\
                   wasm = \"echo.wasm\"\n[[routes]]\nmethod = \"*\"\npath = \"/{*rest}\"\n[[plans]]\nname = \"BASIC\"\n";
    fs::write(folder.join("weir.toml"), project).unwrap();
    place.run(&["publish", "echo"]).expect_success();
    let subscribed = ["--json", "subscribe", "--api", "echo", "--plan", "BASIC", "--app", "shop"];
    let subscribed: serde_json::Value = serde_json::from_str(&place.run(&subscribed).expect_success()).unwrap();
    let key = format!("x-api-key: {}", subscribed["key"]["secret"].as_str().unwrap());
    let port = port(&host, "gateway");
    let status = ["-o", "/dev/null", "-w", "%{http_code}", "-H", &key];
    let by_name = curl(&place, "two.pem", &format!("https://two.example:{port}/anything"), &status);
    assert_eq!(by_name.unwrap(), "200", "by its host name, without the slug");
    let by_slug = curl(&place, "one.pem", &format!("https://one.example:{port}/echo/anything"), &status);
    assert_eq!(by_slug.unwrap(), "200");
    let elsewhere = curl(&place, "one.pem", &format!("https://one.example:{port}/anything"), &status);
    assert_eq!(elsewhere.unwrap(), "404", "the name is another's");
}

#[test]
fn new_files_are_taken_up_and_bad_ones_leave_the_former_in_use() {
    let place = place();
    let host = place.start();
    let url = format!("https://one.example:{}/-/healthz", port(&host, "gateway"));
    fs::copy(place.data().join("one.pem"), place.data().join("former.pem")).unwrap();
    fs::write(place.data().join("one.pem"), "no certificate").unwrap();
    host.wait_for_log("changed certificates cannot be used");
    assert_eq!(curl(&place, "former.pem", &url, &[]).unwrap(), "ok\n", "the former one is still shown");

    certify(&place, "one", &["one.example"]);
    host.wait_for_log("new certificates are in use");
    assert_eq!(curl(&place, "one.pem", &url, &[]).unwrap(), "ok\n");
}

#[test]
fn files_that_cannot_be_used_stop_the_start_and_an_open_key_is_told() {
    let place = place();
    fs::remove_file(place.data().join("two.key")).unwrap();
    place.run(&["serve"]).expect_failure(&["[gateway] tls", "host.toml", "could not read the key", "two.key"]);
    fs::copy(place.data().join("one.key"), place.data().join("two.key")).unwrap();
    place.run(&["serve"]).expect_failure(&["does not belong to the certificate"]);
    certify(&place, "two", &["two.example"]);
    fs::set_permissions(place.data().join("two.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let (code, log) = place.start().stop();
    assert_eq!(code, Some(0));
    assert!(log.contains("may read the key"), "{log}");
}

#[test]
fn a_client_that_does_not_finish_its_handshake_holds_no_stop_up() {
    let place = place();
    let host = place.start();
    let idle = std::net::TcpStream::connect(("127.0.0.1", port(&host, "gateway").parse().unwrap())).unwrap();
    assert_eq!(host.stop().0, Some(0));
    drop(idle);
}
