//! The words that all rooms share: ids, units, money, time, plan terms, outcomes and error codes.
//!
//! It talks to nobody. It does no I/O beyond drawing random bytes and, in [`Clock::system`], reading the clock;
//! a type is here because it is a word of the house, not because two rooms happen to need it.

mod access_key;
mod capability;
mod clock;
mod code;
mod digest;
mod egress;
mod fact;
mod histogram;
mod ids;
mod money;
mod outcome;
mod period;
mod plan;
mod role;
mod schema;
mod secret;
mod starts;
mod traced;
mod units;

pub use access_key::{AccessKeyId, AccessKeyIdError};
pub use capability::Capability;
#[cfg(feature = "test-util")]
pub use clock::ManualClock;
pub use clock::{Clock, Moment, Timestamp};
pub use code::{Code, PublicCode};
pub use digest::{Digest, DigestError};
pub use egress::{
    Egress, EgressRule, EgressRuleError, HOST_NAME_MAX, HostPattern, Scheme, SecretGrant, SecretName, is_host_name,
};
pub use fact::{Act, Fact, TaskComponent, TaskUse};
pub use histogram::{BOUNDARIES_US, Distribution, Histogram};
pub use ids::{
    ApiId, AppId, ApprovalId, ApprovalLinkId, CallId, DispatchId, EndpointId, ExecutionId, IdError, InvitationId,
    KeyId, MessageId, OrganisationId, OutboxId, PlanId, ReleaseId, RoleId, RouteId, SecretId, SubscriptionId, TokenId,
};
pub use money::{Currency, Money, MoneyError};
pub use outcome::Outcome;
pub use period::{Per, Period};
pub use plan::{LimitKind, NameError, ObjectName, Quota, Rate, RateWindow, Terms};
pub use role::{RoleName, RoleNameError};
pub use secret::{HostKey, KeyKind, SecretError, SecretKey, SecretValue, random_bytes};
pub use starts::{Starts, StartsError};
pub use traced::Traced;
pub use units::{AmountError, ByteCount, Fuel, Units};
