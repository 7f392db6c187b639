//! The names of things, as Step Functions writes them.

use std::fmt;

/// A thing's whole name: `arn:aws:states:<region>:<account>:<kind>:<rest>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arn {
    /// Where it is.
    pub region: String,
    /// Whose it is: 12 digits.
    pub account: String,
    /// The thing itself.
    pub thing: Thing,
}

/// What an ARN names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    /// A state machine.
    Machine {
        /// Its name.
        name: String,
        /// Which version of it; without, as it stands.
        qualifier: Option<Qualifier>,
    },
    /// An execution of a standard machine.
    Execution {
        /// The machine's name.
        machine: String,
        /// Its own.
        name: String,
    },
    /// An execution of an express machine.
    Express {
        /// The machine's name.
        machine: String,
        /// Its own, which others may have too.
        name: String,
        /// What tells it from these.
        id: String,
    },
    /// An activity.
    Activity {
        /// Its name.
        name: String,
    },
    /// What a distributed Map runs.
    MapRun {
        /// The machine's name, which ends in the label of the Map.
        machine: String,
        /// Its own.
        name: String,
    },
}

/// Which version of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Qualifier {
    /// By its number.
    Version(u32),
    /// By an alias, which leads to one.
    Alias(String),
}

/// Longest ARN, in bytes.
const LONGEST: usize = 2_000;

impl Arn {
    /// Reads an ARN; `None` for that of anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut parts = text.splitn(7, ':');
        let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, kind, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_ours = arn == "arn" && partition.starts_with("aws") && service == "states" && !region.is_empty();
        if !is_ours || account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let names: Vec<&str> = rest.split(':').collect();
        if names.iter().any(|name| name.is_empty()) {
            return None;
        }
        let thing = match (kind, names.as_slice()) {
            ("stateMachine", [name]) => Thing::Machine { name: (*name).to_owned(), qualifier: None },
            ("stateMachine", [name, qualifier]) => {
                Thing::Machine { name: (*name).to_owned(), qualifier: Some(Qualifier::parse(qualifier)?) }
            }
            ("execution", [machine, name]) => {
                Thing::Execution { machine: (*machine).to_owned(), name: (*name).to_owned() }
            }
            ("express", [machine, name, id]) => {
                Thing::Express { machine: (*machine).to_owned(), name: (*name).to_owned(), id: (*id).to_owned() }
            }
            ("mapRun", [machine, name]) if machine.contains('/') => {
                Thing::MapRun { machine: (*machine).to_owned(), name: (*name).to_owned() }
            }
            ("activity", [name]) => Thing::Activity { name: (*name).to_owned() },
            _ => return None,
        };
        Some(Self { region: region.to_owned(), account: account.to_owned(), thing })
    }
}

impl Qualifier {
    fn parse(text: &str) -> Option<Self> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().ok().map(Self::Version);
        }
        Some(Self::Alias(text.to_owned()))
    }
}

impl fmt::Display for Qualifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(number) => fmt::Display::fmt(number, f),
            Self::Alias(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:aws:states:{}:{}:", self.region, self.account)?;
        match &self.thing {
            Thing::Machine { name, qualifier: None } => write!(f, "stateMachine:{name}"),
            Thing::Machine { name, qualifier: Some(qualifier) } => write!(f, "stateMachine:{name}:{qualifier}"),
            Thing::Execution { machine, name } => write!(f, "execution:{machine}:{name}"),
            Thing::Express { machine, name, id } => write!(f, "express:{machine}:{name}:{id}"),
            Thing::MapRun { machine, name } => write!(f, "mapRun:{machine}:{name}"),
            Thing::Activity { name } => write!(f, "activity:{name}"),
        }
    }
}

/// Whether `name` may name a machine, an execution or an activity: 1 to 80 characters, none of those that Step
/// Functions refuses.
pub fn is_name(name: &str) -> bool {
    const REFUSED: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";
    let fits = |c: char| {
        !REFUSED.contains(c) && !c.is_whitespace() && !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    (1..=80).contains(&name.chars().count()) && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in [
            "arn:aws:states:eu-west-1:123456789012:stateMachine:orders",
            "arn:aws:states:eu-west-1:123456789012:stateMachine:orders:7",
            "arn:aws:states:eu-west-1:123456789012:stateMachine:orders:live",
            "arn:aws:states:local:123456789012:execution:orders:a-1",
            "arn:aws:states:local:123456789012:express:orders:a:b",
            "arn:aws:states:local:123456789012:activity:approve",
            "arn:aws:states:local:123456789012:mapRun:orders/all:1-2",
            "arn:aws:states:local:123456789012:execution:orders/all:1-2",
        ] {
            assert_eq!(Arn::parse(text).map(|arn| arn.to_string()).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_names_nothing_of_ours_is_no_name() {
        for text in [
            "",
            "arn:aws:lambda:eu-west-1:123456789012:function:orders",
            "arn:aws:states:eu-west-1:12345678901:stateMachine:orders",
            "arn:aws:states:eu-west-1:123456789012:stateMachine:",
            "arn:aws:states:eu-west-1:123456789012:stateMachine:a:b:c",
            "arn:aws:states:eu-west-1:123456789012:execution:orders",
        ] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }

    #[test]
    fn names_have_the_characters_of_step_functions() {
        assert!(is_name("Orders_1-2.3"));
        assert!(is_name("Bestellung-ä"));
        for name in ["", "a b", "a:b", "a/b", "a\u{7}", "a*", &"x".repeat(81)] {
            assert!(!is_name(name), "{name:?}");
        }
    }
}
