//! Every route, and what it asks of a token.

/// What a route asks of a token. Whose things it reaches is decided apart, by the token's role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// None: anybody may ask.
    Nothing,
    /// One that may look.
    Read,
    /// One that may offer.
    Publish,
    /// One that may do everything else.
    Manage,
}

use Needs::{Manage, Nothing, Publish, Read};

/// Every route, as method, path and need.
pub const ROUTES: &[(&str, &str, Needs)] = &[
    ("GET", "/healthz", Nothing),
    ("GET", "/readyz", Nothing),
    ("GET", "/v1/openapi.json", Nothing),
    ("GET", "/v1/whoami", Read),
    ("GET", "/v1/organisations", Read),
    ("POST", "/v1/organisations", Manage),
    ("GET", "/v1/organisations/{organisation}", Read),
    ("PATCH", "/v1/organisations/{organisation}", Manage),
    ("GET", "/v1/tokens", Read),
    ("POST", "/v1/tokens", Manage),
    ("GET", "/v1/tokens/{token}", Read),
    ("DELETE", "/v1/tokens/{token}", Manage),
    ("POST", "/v1/tokens/{token}/rotate", Manage),
    ("GET", "/v1/invitations", Read),
    ("POST", "/v1/invitations", Manage),
    ("DELETE", "/v1/invitations/{invitation}", Manage),
    ("POST", "/v1/invitations/accept", Nothing),
    ("GET", "/v1/apis", Read),
    ("POST", "/v1/apis", Publish),
    ("GET", "/v1/apis/{slug}", Read),
    ("PATCH", "/v1/apis/{slug}", Publish),
    ("PUT", "/v1/apis/{slug}/suspension", Manage),
    ("DELETE", "/v1/apis/{slug}/suspension", Manage),
    ("PUT", "/v1/apis/{slug}/live", Publish),
    ("GET", "/v1/apis/{slug}/releases", Read),
    ("POST", "/v1/apis/{slug}/releases", Publish),
    ("GET", "/v1/apis/{slug}/releases/{number}", Read),
    ("PUT", "/v1/apis/{slug}/releases/{number}/suspension", Manage),
    ("DELETE", "/v1/apis/{slug}/releases/{number}/suspension", Manage),
    ("GET", "/v1/apis/{slug}/plans", Read),
    ("POST", "/v1/apis/{slug}/plans", Publish),
    ("GET", "/v1/plans/{plan}", Read),
    ("PUT", "/v1/plans/{plan}/suspension", Manage),
    ("DELETE", "/v1/plans/{plan}/suspension", Manage),
    ("GET", "/v1/components/{digest}", Read),
    ("PUT", "/v1/components/{digest}", Publish),
    ("GET", "/v1/apps", Read),
    ("POST", "/v1/apps", Manage),
    ("GET", "/v1/apps/{app}", Read),
    ("PATCH", "/v1/apps/{app}", Manage),
    ("PUT", "/v1/apps/{app}/suspension", Manage),
    ("DELETE", "/v1/apps/{app}/suspension", Manage),
    ("GET", "/v1/apps/{app}/keys", Read),
    ("POST", "/v1/apps/{app}/keys", Manage),
    ("GET", "/v1/keys/{key}", Read),
    ("PATCH", "/v1/keys/{key}", Manage),
    ("POST", "/v1/keys/{key}/disable", Manage),
    ("POST", "/v1/keys/{key}/rotate", Manage),
    ("PUT", "/v1/keys/{key}/suspension", Manage),
    ("DELETE", "/v1/keys/{key}/suspension", Manage),
    ("GET", "/v1/subscriptions", Read),
    ("POST", "/v1/subscriptions", Manage),
    ("GET", "/v1/subscriptions/{subscription}", Read),
    ("DELETE", "/v1/subscriptions/{subscription}", Manage),
    ("PUT", "/v1/subscriptions/{subscription}/spend-cap", Manage),
    ("PUT", "/v1/subscriptions/{subscription}/suspension", Manage),
    ("DELETE", "/v1/subscriptions/{subscription}/suspension", Manage),
    ("GET", "/v1/secrets", Read),
    ("PUT", "/v1/secrets/{name}", Manage),
    ("DELETE", "/v1/secrets/{name}", Manage),
    ("GET", "/v1/aws-credentials", Read),
    ("POST", "/v1/aws-credentials", Manage),
    ("GET", "/v1/aws-credentials/{access_key}", Read),
    ("DELETE", "/v1/aws-credentials/{access_key}", Manage),
    ("GET", "/v1/webhooks", Read),
    ("POST", "/v1/webhooks", Manage),
    ("GET", "/v1/webhooks/{webhook}", Read),
    ("PATCH", "/v1/webhooks/{webhook}", Manage),
    ("POST", "/v1/webhooks/{webhook}/rotate", Manage),
    ("POST", "/v1/webhooks/{webhook}/test", Manage),
    ("GET", "/v1/deliveries", Read),
    ("GET", "/v1/deliveries/{delivery}", Read),
    ("POST", "/v1/deliveries/{delivery}/redeliver", Manage),
    ("DELETE", "/v1/webhooks/{webhook}", Manage),
    ("GET", "/v1/approvals", Read),
    ("POST", "/v1/sign-up", Nothing),
    ("GET", "/v1/usage", Read),
    ("GET", "/v1/calls", Read),
    ("GET", "/v1/calls/{call}", Read),
    ("GET", "/v1/calls/{call}/logs", Read),
    ("GET", "/v1/audit", Read),
    ("GET", "/v1/audit/verify", Read),
    ("GET", "/v1/reconcile", Read),
    ("GET", "/v1/host", Read),
];

/// What the route of this method and path asks for. `None`: it is not in the table, so it must not be served.
pub(crate) fn needs(method: &http::Method, path: &str) -> Option<Needs> {
    // HEAD comes with GET.
    let method = if method == http::Method::HEAD { "GET" } else { method.as_str() };
    ROUTES.iter().find(|(known, route, _)| *known == method && *route == path).map(|(.., needs)| *needs)
}
