//! Names of roles: what a state machine may do in the name of its organisation.

use std::fmt;

/// A text is no role's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name of a role is 1 to 64 letters, digits, `_`, `+`, `=`, `,`, `.`, `@` and `-`")]
pub struct RoleNameError;

/// The name of an organisation's role, as IAM's own: 1 to 64 letters, digits and `_+=,.@-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleName(String);

impl RoleName {
    /// What the schema of documents says of it.
    pub(crate) const PATTERN: &str = "^[A-Za-z0-9_+=,.@-]{1,64}$";

    /// The name at the end of a role's ARN, `arn:aws:iam::ACCOUNT:role/PATH/NAME`. `None` for any other text.
    pub fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let is_iam = parts.next() == Some("arn") && parts.next().is_some() && parts.next() == Some("iam");
        let resource = parts.nth(2).filter(|_| is_iam)?;
        resource.strip_prefix("role/")?.rsplit('/').next()?.parse().ok()
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RoleName {
    type Error = RoleNameError;

    fn try_from(text: String) -> Result<Self, RoleNameError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        let is_name = (1..=64).contains(&text.len()) && text.bytes().all(plain);
        if is_name { Ok(Self(text)) } else { Err(RoleNameError) }
    }
}

impl std::str::FromStr for RoleName {
    type Err = RoleNameError;

    fn from_str(text: &str) -> Result<Self, RoleNameError> {
        Self::try_from(text.to_owned())
    }
}

impl From<RoleName> for String {
    fn from(name: RoleName) -> Self {
        name.0
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_role_is_what_its_arn_ends_with() {
        let name = |arn: &str| RoleName::of_arn(arn).map(String::from);
        assert_eq!(name("arn:aws:iam::123456789012:role/orders").as_deref(), Some("orders"));
        assert_eq!(
            name("arn:aws-cn:iam::123456789012:role/service-role/a/Orders.v1@eu").as_deref(),
            Some("Orders.v1@eu")
        );
        for wrong in [
            "",
            "orders",
            "arn:aws:iam::123456789012:user/orders",
            "arn:aws:sts::123456789012:role/orders",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:role/a b",
        ] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_name_of_a_role_has_at_most_64_characters() {
        assert!("r".repeat(64).parse::<RoleName>().is_ok());
        assert!("r".repeat(65).parse::<RoleName>().is_err());
    }
}
