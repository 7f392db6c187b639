//! What texts must be, as the document says it: patterns in the dialect that JSON Schema asks for.
//!
//! The rooms check the same by themselves. A control character is one of Unicode's category Cc; a space, one of its
//! property White_Space.

/// One line: no control character.
pub(crate) const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// A name: one line with no space at either end.
pub(crate) const NAME: &str = r"^[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]([^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000])?$";
/// A reason: one line that is not blank.
pub(crate) const REASON: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\u0000-\u001f\u007f-\u009f]*$";
/// A host name without a port.
pub(crate) const HOST: &str =
    r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$";
/// A decimal amount of money.
pub(crate) const AMOUNT: &str = r"^[0-9]{1,9}(\.[0-9]{1,6})?$";
/// A place in a list that a number stands for.
pub(crate) const PLACE: &str = "^[0-9]{1,18}$";
/// A place in a history, which is good for a day.
pub(crate) const HISTORY_PLACE: &str = r"^([0-9a-f]{2})+\.[0-9a-f]{1,15}\.[0-9a-f]{16}$";
/// A method of HTTP, or any.
pub(crate) const METHOD: &str = r"^(\*|[A-Za-z]{1,20})$";
/// A path of plain segments and parameters; the last may take any rest.
pub(crate) const TEMPLATE: &str =
    r"^(/([A-Za-z0-9._~!$&'()*+,;=:@%-]*|\{[A-Za-z0-9_]+\}))*/([A-Za-z0-9._~!$&'()*+,;=:@%-]*|\{\*?[A-Za-z0-9_]+\})$";
/// The kind of an event, or all of them.
pub(crate) const EVENT: &str = r"^(\*|[a-z]+(\.[a-z_]+)+)$";
/// The name of a schedule.
pub(crate) const SCHEDULE: &str = "^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,59}$";
