//! The calls of the tour: what is asked, and what must come back.

use anyhow::Context;
use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::{Request, StatusCode};

use super::picture;

/// One more than the burst of the plan BASIC of `vat`, several times over: so fast that some are refused.
const FAST_CALLS_MAX: u32 = 200;

/// From this size on a body waits for the host's word, so that one that is refused is not sent in vain.
const ASK_FIRST_BYTES: usize = 1 << 20;

/// The keys of the tour's two apps.
pub(crate) struct Keys {
    /// Subscribed to everything.
    pub(crate) shop: String,
    /// On the plan TRIAL of `vat`: three requests a day, and not one more.
    pub(crate) visitor: String,
}

/// What happened.
#[derive(Default)]
pub(crate) struct Tour {
    /// One line for each call.
    pub(crate) lines: Vec<String>,
    /// Answers that were not what they should be.
    pub(crate) wrong: Vec<String>,
    /// The ids of the calls that must have a row.
    pub(crate) admitted: Vec<String>,
}

/// One call, and what is expected of it.
struct Step<'a> {
    what: &'a str,
    key: Option<&'a str>,
    method: &'a str,
    path: &'a str,
    body: Vec<u8>,
    status: u16,
    /// A call that was refused before admission leaves no row.
    kept: Kept,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Row,
    Nothing,
}

/// What came back.
struct Reply {
    status: StatusCode,
    call: String,
    body: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

struct Walker<'a> {
    gateway: &'a str,
    agent: Agent,
    tour: Tour,
}

impl Tour {
    /// Makes all calls in turn.
    pub(crate) fn walk(gateway: &str, keys: &Keys) -> anyhow::Result<Self> {
        let config = Agent::config_builder().http_status_as_error(false).build();
        let mut walker = Walker { gateway, agent: config.into(), tour: Self::default() };
        walker.vat(&keys.shop)?;
        walker.thumbnail(&keys.shop)?;
        walker.headers(&keys.shop)?;
        walker.small(&keys.shop)?;
        walker.orders(&keys.shop)?;
        walker.purchase(&keys.shop)?;
        walker.strangers(keys)?;
        walker.spent_quota(&keys.visitor)?;
        walker.too_fast(&keys.shop)?;
        Ok(walker.tour)
    }
}

impl Walker<'_> {
    fn vat(&mut self, key: &str) -> anyhow::Result<()> {
        self.get("a VAT number that holds", key, "/vat/v1/numbers/DE136695976", |answer| answer["valid"] == true)?;
        self.get("one with a wrong digit", key, "/vat/v1/numbers/DE136695978", |answer| {
            answer["valid"] == false && answer["reason"] == "check-digits"
        })?;
        self.get("a rate of another day", key, "/vat/v1/rates/DE?date=2020-08-01", |answer| {
            answer["standard"] == "16"
        })?;
        self.get("net to gross, to the cent", key, "/vat/v1/calculations?country=FI&net=99.99", |answer| {
            answer["vat"] == "25.50" && answer["gross"] == "125.49"
        })?;
        let step = Step {
            what: "a country that is not in the EU: the provider's own 404",
            key: Some(key),
            method: "GET",
            path: "/vat/v1/rates/US",
            body: Vec::new(),
            status: 404,
            kept: Kept::Row,
        };
        self.step(step, |reply| reply.json()["code"] == "unknown-country")
    }

    fn thumbnail(&mut self, key: &str) -> anyhow::Result<()> {
        let post =
            |what, path, body, status, kept| Step { what, key: Some(key), method: "POST", path, body, status, kept };
        let picture = picture::png()?;
        let small =
            post("a thumbnail, billed as 2 megapixels", "/thumbnail/v1/thumbnails?width=150", picture, 200, Kept::Row);
        self.step(small, |reply| reply.body.starts_with(b"\x89PNG") && size(&reply.body) == Some((150, 100)))?;
        let text =
            post("text instead of a picture", "/thumbnail/v1/thumbnails?width=150", b"hello".to_vec(), 415, Kept::Row);
        self.step(text, |reply| reply.json()["code"] == "unsupported-format")?;
        let huge = post("7 MiB where 6 are the most", "/thumbnail/v1/info", vec![0; 7 << 20], 413, Kept::Nothing);
        self.step(huge, |reply| reply.json()["code"] == "payload-too-large")
    }

    fn headers(&mut self, key: &str) -> anyhow::Result<()> {
        let post =
            |what, path, body| Step { what, key: Some(key), method: "POST", path, body, status: 200, kept: Kept::Row };
        let digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        self.step(post("a request, inspected", "/headers/inspect", b"hello".to_vec()), |reply| {
            reply.json()["body"]["sha256"] == digest
        })?;
        let body: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        self.step(post("300 KB there and back, streamed", "/headers/echo", body.clone()), |reply| reply.body == body)
    }

    /// One call of each of the small ones.
    fn small(&mut self, key: &str) -> anyhow::Result<()> {
        let step = Step {
            what: "a QR code",
            key: Some(key),
            method: "GET",
            path: "/qr/v1/codes?text=hello&format=png&size=200",
            body: Vec::new(),
            status: 200,
            kept: Kept::Row,
        };
        self.step(step, |reply| reply.body.starts_with(b"\x89PNG") && size(&reply.body) == Some((200, 200)))?;
        let text = b"# Hi\n<script>x</script>".to_vec();
        let step = Step {
            what: "hostile Markdown, made harmless",
            key: Some(key),
            method: "POST",
            path: "/markdown/v1/html",
            body: text,
            status: 200,
            kept: Kept::Row,
        };
        self.step(step, |reply| reply.body.starts_with(b"<h1 id=\"md-hi\">Hi</h1>\n&lt;script&gt;"))?;
        self.get("a distance", key, "/geo/v1/distance?from=40.6,-73.8&to=51.6,-0.5&unit=km", |answer| {
            answer["distance"].as_f64().is_some_and(|distance| (distance - 5_551.759).abs() < 0.001)
        })?;
        let step = Step {
            what: "a point that is none: the field is named",
            key: Some(key),
            method: "GET",
            path: "/geo/v1/distance?from=40.6,-73.8&to=99,0",
            body: Vec::new(),
            status: 400,
            kept: Kept::Row,
        };
        self.step(step, |reply| reply.json()["errors"][0]["pointer"] == "/query/to")
    }

    /// Orders: workflows of three components.
    fn orders(&mut self, key: &str) -> anyhow::Result<()> {
        let post = |what, sku, card, status| Step {
            what,
            key: Some(key),
            method: "POST",
            path: "/order/v1/orders",
            body: order(sku, card).into_bytes(),
            status,
            kept: Kept::Row,
        };
        self.step(post("an order: paid, set aside, sent", "lamp", "tok_visa", 201), |reply| {
            let answer = reply.json();
            answer["carrier"] == "parcel" && answer["reservations"].as_array().is_some_and(|all| all.len() == 1)
        })?;
        self.step(post("one whose card is declined", "lamp", "tok_declined", 402), |reply| {
            reply.json()["code"] == "Payment.Declined"
        })?;
        self.step(post("one that is out of stock: the money goes back", "candle", "tok_visa", 409), |reply| {
            let answer = reply.json();
            answer["detail"].as_str().is_some_and(|detail| detail.contains("was given back as ref_"))
        })
    }

    /// A purchase: an execution that goes on after its call, and waits for a supplier.
    fn purchase(&mut self, key: &str) -> anyhow::Result<()> {
        let body = order("candle", "tok_visa").into_bytes();
        let reply = self.call(Some(key), "POST", "/purchase/v1/purchases", body)?;
        let place = reply.json()["location"].as_str().unwrap_or_default().to_owned();
        let what = "a purchase: begun, and it goes on for weeks";
        self.note(what, &reply, |reply| reply.status == StatusCode::ACCEPTED && reply.json()["id"] == reply.call);
        self.tour.admitted.push(reply.call);
        let step = Step {
            what: "how it stands: it waits for its supplier",
            key: Some(key),
            method: "GET",
            path: &place,
            body: Vec::new(),
            status: 200,
            kept: Kept::Nothing,
        };
        self.step(step, |reply| reply.json()["status"] == "RUNNING")
    }

    fn strangers(&mut self, keys: &Keys) -> anyhow::Result<()> {
        let refused = |what, key, path, status| Step {
            what,
            key,
            method: "GET",
            path,
            body: Vec::new(),
            status,
            kept: Kept::Nothing,
        };
        let path = "/vat/v1/rates";
        self.step(refused("no key", None, path, 401), |reply| reply.json()["code"] == "missing-key")?;
        let unknown = Some("weir_live_00000000000000000000000000000000000000000000");
        self.step(refused("an unknown key", unknown, path, 401), |reply| reply.json()["code"] == "invalid-key")?;
        let foreign = refused("a key of another API's consumer", Some(&keys.visitor), "/headers/inspect", 403);
        self.step(foreign, |reply| reply.json()["code"] == "not-subscribed")?;
        let nowhere = refused("a path that is not served", Some(&keys.shop), "/vat/v2/rates", 404);
        self.step(nowhere, |reply| reply.json()["code"] == "not-found")
    }

    fn spent_quota(&mut self, key: &str) -> anyhow::Result<()> {
        for what in ["the first of three requests a day", "the second", "the third"] {
            self.get(what, key, "/vat/v1/rates/FR", |answer| answer["standard"] == "20")?;
        }
        let step = Step {
            what: "the fourth: the quota is hard",
            key: Some(key),
            method: "GET",
            path: "/vat/v1/rates/FR",
            body: Vec::new(),
            status: 429,
            kept: Kept::Nothing,
        };
        self.step(step, |reply| {
            let problem = reply.json();
            problem["code"] == "quota-exceeded" && problem["limit"] == 3 && problem["used"] == 3
        })
    }

    /// Calls until one is refused for its pace.
    fn too_fast(&mut self, key: &str) -> anyhow::Result<()> {
        for count in 1..=FAST_CALLS_MAX {
            let reply = self.call(Some(key), "GET", "/vat/v1/rates/FR", Vec::new())?;
            if reply.status == StatusCode::OK {
                self.tour.admitted.push(reply.call);
                continue;
            }
            self.note(&format!("too fast: refused after {} calls", count - 1), &reply, |reply| {
                reply.status == StatusCode::TOO_MANY_REQUESTS && reply.json()["code"] == "rate-limited"
            });
            return Ok(());
        }
        self.tour.wrong.push(format!("{FAST_CALLS_MAX} calls at once met no rate limit"));
        Ok(())
    }

    /// A `GET` that must be answered with 200 and a document that `holds`.
    fn get(&mut self, what: &str, key: &str, path: &str, holds: impl Fn(&Value) -> bool) -> anyhow::Result<()> {
        let step = Step { what, key: Some(key), method: "GET", path, body: Vec::new(), status: 200, kept: Kept::Row };
        self.step(step, |reply| holds(&reply.json()))
    }

    fn step(&mut self, step: Step<'_>, holds: impl Fn(&Reply) -> bool) -> anyhow::Result<()> {
        let reply = self.call(step.key, step.method, step.path, step.body)?;
        self.note(step.what, &reply, |reply| reply.status.as_u16() == step.status && holds(reply));
        if step.kept == Kept::Row {
            self.tour.admitted.push(reply.call);
        }
        Ok(())
    }

    /// Writes the call down, and what came back if it does not `hold`.
    fn note(&mut self, what: &str, reply: &Reply, holds: impl Fn(&Reply) -> bool) {
        let line = format!("{}  {what}", reply.status.as_u16());
        if !holds(reply) {
            let body: String = String::from_utf8_lossy(&reply.body).chars().take(400).collect();
            self.tour.wrong.push(format!("{line}: {body}"));
        }
        self.tour.lines.push(line);
    }

    fn call(&self, key: Option<&str>, method: &str, path: &str, body: Vec<u8>) -> anyhow::Result<Reply> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.gateway));
        if body.starts_with(b"{") {
            request = request.header("content-type", "application/json");
        }
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        if body.len() >= ASK_FIRST_BYTES {
            request = request.header("expect", "100-continue");
        }
        let failed = || format!("{method} {path} got no answer");
        let response = if body.is_empty() {
            self.agent.run(request.body(())?).with_context(failed)?
        } else {
            self.agent.run(request.body(body)?).with_context(failed)?
        };
        let (head, mut body) = response.into_parts();
        let call = head.headers.get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        Ok(Reply { status: head.status, call, body: body.read_to_vec().with_context(failed)? })
    }
}

/// An order of one `sku`, paid by `card`.
pub(crate) fn order(sku: &str, card: &str) -> String {
    let address = json!({ "name": "Ada", "street": "Main St 1", "city": "Town", "postcode": "10115", "country": "DE" });
    let amount = json!({ "minor": 4_950, "currency": "EUR" });
    json!({
        "order": "o-1", "lines": [{ "sku": sku, "quantity": 1 }], "amount": amount, "card": card, "address": address,
    })
    .to_string()
}

/// Width and height, from the head of a PNG.
fn size(png: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?));
    Some((number(16)?, number(20)?))
}
