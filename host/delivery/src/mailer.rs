//! Mail: the server that takes it, and how a letter is handed over.

use std::time::Duration;

use http::Uri;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use types::{DispatchId, SecretValue, Timestamp};

use crate::message::Sheet;
use crate::worker::{Refused, Reply, refused};

/// How long the server may take for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How a connection is kept from being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte: `smtps://`, port 465.
    Tls,
    /// The connection is turned to TLS, or given up: `smtp://`, port 587.
    StartTls,
    /// In the clear, for a server on this machine alone: `smtp+plain://`, port 25.
    Plain,
}

/// The server that takes mail.
#[derive(Debug)]
pub struct MailServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept from being read.
    pub security: Security,
    /// A user and a password.
    pub credentials: Option<(String, SecretValue)>,
    /// Whom mail comes from: an address, with a name or without.
    pub from: String,
    /// Certificates in PEM that are trusted beside the public ones.
    pub extra_roots: Option<Vec<u8>>,
}

/// Why a server for mail cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MailServerError {
    /// It is written in another form.
    #[error(
        "`{0}` is no server: write smtps://host:465, smtp://host:587, or smtp+plain://127.0.0.1:25 for one on this machine"
    )]
    Form(String),
    /// A connection in the clear over a network.
    #[error("smtp+plain:// is for 127.0.0.1, [::1] and localhost alone: use smtps:// or smtp://")]
    Plain,
    /// The sender is no address.
    #[error("`{0}` is no sender: write an address such as weir@example.com, or Weir <weir@example.com>")]
    From(String),
    /// The TLS library refused its settings.
    #[error("TLS could not be set up")]
    Tls(#[source] lettre::transport::smtp::Error),
}

impl MailServer {
    /// Reads a server as the operator writes it.
    ///
    /// # Errors
    ///
    /// [`MailServerError::Form`] and [`MailServerError::Plain`].
    pub fn parse(url: &str) -> Result<(String, u16, Security), MailServerError> {
        let form = || MailServerError::Form(url.to_owned());
        let parsed: Uri = url.parse().map_err(|_| form())?;
        let (security, port) = match parsed.scheme_str() {
            Some("smtps") => (Security::Tls, 465),
            Some("smtp") => (Security::StartTls, 587),
            Some("smtp+plain") => (Security::Plain, 25),
            _ => return Err(form()),
        };
        let authority = parsed.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(form)?;
        if !matches!(parsed.path(), "" | "/") || parsed.query().is_some() || authority.host().is_empty() {
            return Err(form());
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if security == Security::Plain && !matches!(&*host, "127.0.0.1" | "::1" | "localhost") {
            return Err(MailServerError::Plain);
        }
        Ok((host, authority.port_u16().unwrap_or(port), security))
    }
}

/// Hands letters to a server.
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    pub(crate) fn new(server: &MailServer) -> Result<Self, MailServerError> {
        let from: Mailbox = server.from.parse().map_err(|_| MailServerError::From(server.from.clone()))?;
        let tls = match server.security {
            Security::Plain => Tls::None,
            Security::Tls => Tls::Wrapper(parameters(server)?),
            Security::StartTls => Tls::Required(parameters(server)?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(ANSWER_WITHIN))
            .hello_name(ClientId::Domain(from.email.domain().to_owned()));
        if let Some((user, password)) = &server.credentials {
            transport = transport.credentials(Credentials::new(user.clone(), password.reveal().to_owned()));
        }
        Ok(Self { transport: transport.build(), from })
    }

    /// Hands a letter over. It has been accepted when the server says so.
    pub(crate) async fn send(&self, id: DispatchId, address: &str, at: Timestamp, sheet: Sheet) -> Reply {
        let Ok(to) = address.parse() else { return refused("its address is none") };
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(sheet.subject)
            // The same for each attempt: whoever gets it twice can tell.
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .date(std::time::UNIX_EPOCH + Duration::from_millis(at.as_millis()))
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN)
            .body(sheet.text);
        let message = match message {
            Ok(message) => message,
            Err(error) => return refused(&error.to_string()),
        };
        match self.transport.send(message).await {
            Ok(response) => {
                let answer = Some(response.message().collect::<Vec<_>>().join(" "));
                Reply { status: Some(response.code().into()), answer, refused: None }
            }
            Err(error) => judge(&error),
        }
    }
}

fn parameters(server: &MailServer) -> Result<TlsParameters, MailServerError> {
    let mut parameters = TlsParameters::builder(server.host.clone());
    if let Some(pem) = &server.extra_roots {
        parameters = parameters.add_root_certificate(Certificate::from_pem(pem).map_err(MailServerError::Tls)?);
    }
    parameters.build_rustls().map_err(MailServerError::Tls)
}

fn judge(error: &lettre::transport::smtp::Error) -> Reply {
    let status = error.status().map(u16::from);
    // 530 to 538 are about who sends: the operator may set that right.
    let of_the_sender = status.is_some_and(|status| (530..540).contains(&status));
    let refused = Refused {
        error: crate::worker::chain(error),
        for_good: error.is_permanent() && !of_the_sender,
        retry_after: None,
    };
    Reply { status, answer: None, refused: Some(refused) }
}

/// Tells other programs not to answer (RFC 3834).
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
