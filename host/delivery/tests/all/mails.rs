//! Letters on their way to a mail server.

use std::time::Duration;

use delivery::{DeliveryError, Letter, MailServer, MailServerError, Recipient, Security, Status};
use types::SecretValue;

use crate::house::{ACTOR, House};
use crate::smtp::{Smtp, certificate};

fn server(port: u16, security: Security) -> MailServer {
    let from = "Weir <weir@host.example>".to_owned();
    MailServer { host: "localhost".to_owned(), port, security, credentials: None, from, extra_roots: None }
}

fn letter(source: &str) -> Letter {
    Letter {
        source: source.to_owned(),
        organisation: None,
        address: "anna@example.com".to_owned(),
        subject: "Grüße: please approve".to_owned(),
        text: "Open https://control.example/approvals/weir_appr_secret\n.\nThank you.\n".to_owned(),
    }
}

#[tokio::test]
async fn a_letter_is_handed_over_once_and_then_kept_no_longer() {
    let smtp = Smtp::start(None).await;
    let house = House::with(&[], Some(server(smtp.port, Security::Plain)));
    house.delivery.mail(letter("approval 1")).await.unwrap();
    house.delivery.mail(letter("approval 1")).await.unwrap();
    let (dispatch, attempts) = house.until(|dispatch| dispatch.status == Status::Delivered).await;
    assert_eq!(dispatch.recipient, Recipient::Address("anna@example.com".to_owned()));
    assert_eq!((attempts[0].status, attempts[0].answer.as_deref()), (Some(250), Some("taken as 42")));
    let said = smtp.until(1).await;
    assert!(said[0].contains("MAIL FROM:<weir@host.example>") && said[0].contains("RCPT TO:<anna@example.com>"));
    assert!(said[0].contains("Auto-Submitted: auto-generated") && said[0].contains("EHLO host.example"), "{}", said[0]);
    assert!(said[0].contains(&format!("Message-ID: <{}@host.example>", dispatch.id)), "{}", said[0]);
    assert!(said[0].contains("Subject: =?utf-8?b?"), "{}", said[0]);
    assert!(said[0].contains("approvals/weir_appr_secret") && said[0].contains("Thank you."), "{}", said[0]);
    assert_eq!(house.dispatches().await.len(), 1);
    let again = house.delivery.redeliver(ACTOR.to_owned(), dispatch.id).await;
    assert!(again.unwrap_err().to_string().contains("not kept once it was accepted"));
}

#[tokio::test]
async fn a_letter_is_not_to_be_read_in_the_file() {
    let house = House::with(&[], Some(server(1, Security::Plain)));
    house.delivery.mail(letter("approval 1")).await.unwrap();
    house.until(|dispatch| dispatch.attempts == 1).await;
    house.delivery.close().await;
    for entry in std::fs::read_dir(house.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(16).any(|part| part == b"weir_appr_secret"));
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_asked_again() {
    let house = House::with(&[], Some(server(1, Security::Plain)));
    house.delivery.mail(letter("approval 1")).await.unwrap();
    let (dispatch, attempts) = house.until(|dispatch| dispatch.attempts == 1).await;
    assert_eq!((dispatch.status, attempts[0].status), (Status::Waiting, None));
    house.clock.advance(Duration::from_secs(6));
    house.until(|dispatch| dispatch.attempts == 2).await;
}

#[tokio::test]
async fn an_address_that_the_server_does_not_know_is_not_tried_again() {
    let smtp = Smtp::start(None).await;
    let house = House::with(&[], Some(server(smtp.port, Security::Plain)));
    smtp.answers_rcpt("451 later");
    house.delivery.mail(letter("approval 1")).await.unwrap();
    house.until(|dispatch| dispatch.attempts == 1 && dispatch.status == Status::Waiting).await;
    smtp.answers_rcpt("550 nobody of that name");
    house.clock.advance(Duration::from_secs(6));
    let (dispatch, attempts) = house.until(|dispatch| dispatch.status == Status::Dead).await;
    assert_eq!((dispatch.attempts, attempts[1].status), (2, Some(550)));
    assert!(dispatch.why.as_ref().unwrap().contains("nobody of that name"), "{dispatch:?}");
}

#[tokio::test]
async fn over_tls_the_certificate_is_checked_and_the_user_signs_in() {
    let (pem, acceptor) = certificate();
    let smtp = Smtp::start(Some(acceptor)).await;
    let mut trusting = server(smtp.port, Security::Tls);
    trusting.credentials = Some(("weir".to_owned(), SecretValue::new("s3cr3t".to_owned())));
    let mut house = House::with(&[], Some(MailServer { extra_roots: None, ..server(smtp.port, Security::Tls) }));
    house.delivery.mail(letter("approval 1")).await.unwrap();
    let (dispatch, _) = house.until(|dispatch| dispatch.attempts == 1).await;
    assert_eq!(dispatch.status, Status::Waiting, "a stranger's certificate");
    trusting.extra_roots = Some(pem);
    house = House::with(&[], Some(trusting));
    house.delivery.mail(letter("approval 1")).await.unwrap();
    house.until(|dispatch| dispatch.status == Status::Delivered).await;
    // \0weir\0s3cr3t
    assert!(smtp.until(2).await[1].contains("AUTH PLAIN AHdlaXIAczNjcjN0"));
}

#[tokio::test]
async fn a_server_without_starttls_is_given_nothing() {
    let smtp = Smtp::start(None).await;
    let house = House::with(&[], Some(server(smtp.port, Security::StartTls)));
    house.delivery.mail(letter("approval 1")).await.unwrap();
    house.until(|dispatch| dispatch.attempts == 1 && dispatch.status == Status::Waiting).await;
    assert!(!smtp.until(1).await[0].contains("MAIL FROM"));
}

#[tokio::test]
async fn a_host_without_a_server_sends_none_and_says_so() {
    let house = House::open_to(&[]);
    assert!(!house.delivery.sends_mail());
    assert!(matches!(house.delivery.mail(letter("approval 1")).await, Err(DeliveryError::NoMail)));
    let house = House::with(&[], Some(server(1, Security::Plain)));
    let wrong = Letter { address: "anna@example.com\r\nBcc: all@example.com".to_owned(), ..letter("approval 1") };
    assert!(matches!(house.delivery.mail(wrong).await, Err(DeliveryError::Unfit { field: "address", .. })));
}

#[test]
fn a_server_is_written_as_a_url_without_a_user() {
    let parse = MailServer::parse;
    assert_eq!(parse("smtps://mail.example.com").unwrap(), ("mail.example.com".to_owned(), 465, Security::Tls));
    assert_eq!(
        parse("smtp://mail.example.com:2525").unwrap(),
        ("mail.example.com".to_owned(), 2525, Security::StartTls)
    );
    assert_eq!(parse("smtp+plain://127.0.0.1").unwrap(), ("127.0.0.1".to_owned(), 25, Security::Plain));
    assert!(matches!(parse("smtp+plain://mail.example.com"), Err(MailServerError::Plain)));
    for wrong in ["mail.example.com", "smtps://weir:pw@mail.example.com", "https://mail.example.com", "smtp://x/y"] {
        assert!(matches!(parse(wrong), Err(MailServerError::Form(_))), "{wrong}");
    }
}
