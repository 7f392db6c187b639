//! The worked examples that AWS has published: requests, secrets and the signatures that follow from them.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it must be")]

use http::Request;
use http::request::Parts;
use sigv4::{Presented, Signer};
use types::{SecretValue, Timestamp};

const EMPTY_PAYLOAD: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A published request, and its signature. The id of the credential does not enter a signature.
struct Example {
    /// Method and target.
    line: (&'static str, &'static str),
    /// Without the date.
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    signed: &'static str,
    signature: &'static str,
}

/// Where and when a group of examples was signed, and with what.
struct Place {
    secret: &'static str,
    at: &'static str,
    service: &'static str,
}

/// The test suite of signature version 4.
const SUITE: Place =
    Place { secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", at: "20150830T123600Z", service: "service" };
const HOST: (&str, &str) = ("host", "example.amazonaws.com");

/// "Examples: Signature Calculations" of the S3 API reference.
const S3: Place = Place { secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", at: "20130524T000000Z", service: "s3" };
const BUCKET: (&str, &str) = ("host", "examplebucket.s3.amazonaws.com");
const NOTHING: (&str, &str) = ("x-amz-content-sha256", EMPTY_PAYLOAD);

impl Place {
    fn now(&self) -> Timestamp {
        let at = self.at;
        let (day, time) = (format!("{}-{}-{}", &at[..4], &at[4..6], &at[6..8]), &at[9..15]);
        Timestamp::parse(&format!("{day}T{}:{}:{}Z", &time[..2], &time[2..4], &time[4..])).unwrap()
    }

    fn parts(&self, example: &Example) -> Parts {
        let mut request = Request::builder().method(example.line.0).uri(example.line.1);
        for (name, value) in example.headers {
            request = request.header(*name, *value);
        }
        let credential = format!("AKIDEXAMPLE00000/{}/us-east-1/{}/aws4_request", &self.at[..8], self.service);
        let (signed, signature) = (example.signed, example.signature);
        let header = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed}, Signature={signature}");
        request.header("x-amz-date", self.at).header("authorization", header).body(()).unwrap().into_parts().0
    }

    fn check(&self, examples: &[Example]) {
        for example in examples {
            let parts = self.parts(example);
            let claim = Presented::read(&parts, self.service, self.now()).unwrap();
            let proof = claim.verify(&parts, example.body.as_bytes(), &SecretValue::new(self.secret.to_owned()));
            assert_eq!(proof, Ok(()), "{:?} {:?}", example.line, example.headers);
        }
    }
}

const fn get(target: &'static str, signature: &'static str) -> Example {
    Example { line: ("GET", target), headers: &[HOST], body: "", signed: "host;x-amz-date", signature }
}

#[test]
fn the_suites_paths_and_queries_have_the_published_signatures() {
    SUITE.check(&[
        get("/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        get("/example/..", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        get("//", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        get(
            "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ),
        get("/ሴ", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        get(
            "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=\
             -._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
        get("/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    ]);
}

#[test]
fn the_suites_headers_and_bodies_have_the_published_signatures() {
    SUITE.check(&[
        Example {
            line: ("GET", "/"),
            headers: &[HOST, ("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
            body: "",
            signed: "host;my-header1;my-header2;x-amz-date",
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        },
        Example {
            line: ("GET", "/"),
            headers: &[HOST, ("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")],
            body: "",
            signed: "host;my-header1;x-amz-date",
            signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        },
        Example {
            line: ("POST", "/"),
            headers: &[HOST],
            body: "",
            signed: "host;x-amz-date",
            signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        },
        Example {
            line: ("POST", "/"),
            headers: &[HOST, ("content-type", "application/x-www-form-urlencoded")],
            body: "Param1=value1",
            signed: "content-type;host;x-amz-date",
            signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        },
    ]);
}

#[test]
fn the_examples_for_s3_have_the_published_signatures() {
    let signed = "host;x-amz-content-sha256;x-amz-date";
    S3.check(&[
        Example {
            line: ("GET", "/test.txt"),
            headers: &[BUCKET, NOTHING, ("range", "bytes=0-9")],
            body: "",
            signed: "host;range;x-amz-content-sha256;x-amz-date",
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        },
        Example {
            line: ("PUT", "/test$file.text"),
            headers: &[
                BUCKET,
                ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            body: "Welcome to Amazon S3.",
            signed: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        },
        Example {
            line: ("GET", "/?lifecycle"),
            headers: &[BUCKET, NOTHING],
            body: "",
            signed,
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        },
        Example {
            line: ("GET", "/?max-keys=2&prefix=J"),
            headers: &[BUCKET, NOTHING],
            body: "",
            signed,
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        },
    ]);
}

#[test]
fn a_request_that_goes_out_is_signed_as_published() {
    let request = Request::get("https://examplebucket.s3.amazonaws.com/?lifecycle").body(()).unwrap();
    let mut parts = request.into_parts().0;
    let signer = Signer {
        access_key_id: "AKIAIOSFODNN7EXAMPLE",
        secret: &SecretValue::new(S3.secret.to_owned()),
        session_token: None,
        region: "us-east-1",
        service: "s3",
    };
    signer.sign(&mut parts, b"", S3.now()).unwrap();
    assert_eq!(
        parts.headers["authorization"],
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
         SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
         Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    );
    assert_eq!(parts.headers["host"], BUCKET.1);
}
