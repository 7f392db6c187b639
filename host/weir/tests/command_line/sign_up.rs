//! Signing up with proof of a mail address, from the request to a key that opens something.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::host::{HOST_TOML, Place};

/// A mail server that takes everything, and what it was given.
fn mail_server() -> (u16, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, taken) = (listener.local_addr().unwrap().port(), Arc::<Mutex<String>>::default());
    let keeps = Arc::clone(&taken);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            speak(stream.unwrap(), &keeps);
        }
    });
    (port, taken)
}

fn speak(mut stream: TcpStream, taken: &Mutex<String>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let mut in_data = false;
    stream.write_all(b"220 test\r\n").unwrap();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).unwrap_or_default() == 0 {
            return;
        }
        let word = line.trim_end().to_ascii_uppercase();
        let answer = match word.split(' ').next().unwrap_or_default() {
            "." if in_data => {
                in_data = false;
                "250 taken"
            }
            _ if in_data => {
                taken.lock().unwrap().push_str(&line);
                continue;
            }
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            _ => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).unwrap();
    }
}

#[test]
fn whoever_reads_mail_at_an_address_signs_up_once() {
    let ((port, taken), place) = (mail_server(), Place::new());
    let mail = format!("[mail]\nsmtp = \"smtp+plain://127.0.0.1:{port}\"\nfrom = \"Weir <weir@host.example>\"\n");
    let listed = HOST_TOML.replace("[control]\n", "[control]\nsign_up_by_mail = true\n");
    place.configure(&format!("{listed}{mail}"));
    let host = place.start();
    let control = host.up["control"].as_str().unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    for _ in 0..2 {
        let asked = agent.post(format!("{control}/v1/sign-up")).send_json(json!({ "address": "anna@example.com" }));
        assert_eq!(asked.unwrap().status(), 200);
    }
    let link = (0..500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        // Without the breaks that the encoding puts into long lines, once all of it is there.
        let text = taken.lock().unwrap().replace("=\r\n", "");
        text.contains("nothing was made").then_some(())?;
        let rest = text.split_once("/sign-up/")?.1;
        Some(format!("{control}/sign-up/{}", rest.split_whitespace().next()?))
    });
    let link = link.unwrap();
    let mut page = agent.get(&link).call().unwrap();
    assert!(page.body_mut().read_to_string().unwrap().contains("name=\"organisation\""));
    let send = |organisation: &str| {
        let mut answer = agent.post(&link).send_form([("organisation", organisation), ("app", "shop")]).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    let (status, page) = send("");
    assert!(status == 400 && page.contains("role=\"alert\""), "{page}");
    let (status, page) = send("Anna & co");
    assert_eq!(status, 201, "{page}");
    let token = page.split("weir_ctrl_").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
    assert!(page.contains("weir_live_"), "{page}");
    let who = place.run(&["--json", "--token", &format!("weir_ctrl_{token}"), "apps"]).expect_success();
    assert!(who.contains("shop"), "{who}");
    assert_eq!(send("Once more").0, 404, "the link counts once");
    assert_eq!(taken.lock().unwrap().matches("Subject:").count(), 1, "one mail for one address");
    // The server has the mail before the host has its answer.
    let sent = (0..500).find_map(|_| {
        let sent = place.run(&["--json", "deliveries", "list"]).expect_success();
        let sent: Value = serde_json::from_str(&sent).unwrap();
        let first = sent["items"][0].clone();
        (first["status"] != "waiting").then_some(first)
    });
    let sent = sent.unwrap();
    assert_eq!((&sent["kind"], &sent["status"]), (&json!("mail"), &json!("delivered")));
}

#[test]
fn nobody_signs_up_where_the_operator_does_not_say_so() {
    let place = Place::new();
    let host = place.start();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let url = format!("{}/v1/sign-up", host.up["control"].as_str().unwrap());
    let asked = agent.post(url).send_json(json!({ "address": "anna@example.com" })).unwrap();
    assert_eq!(asked.status(), 403);
    drop(host);
    let listed = HOST_TOML.replace("[control]\n", "[control]\nsign_up_by_mail = true\n");
    place.configure(&listed);
    place.run(&["serve"]).expect_failure(&["sign_up_by_mail needs a server in [mail]"]);
}
