//! `weir:plugin/meter`: what a component reports of its own billed objects. Kept until the call ends.

use types::{ObjectName, Units};

use crate::state::HostState;
use crate::world::http::weir::plugin::{meter, types as wit};

/// The most objects that one call may report.
const OBJECTS_MAX: usize = 16;

/// What may be reported, and what was.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    allowances: Vec<(ObjectName, Units)>,
    reported: Vec<(ObjectName, Units)>,
}

impl Meter {
    pub(crate) fn new(allowances: Vec<(ObjectName, Units)>) -> Self {
        Self { allowances, reported: Vec::new() }
    }

    pub(crate) fn into_reported(self) -> Vec<(ObjectName, Units)> {
        self.reported
    }

    fn add(&mut self, object: &str, quantity: u64) -> Result<(), meter::MeterError> {
        let left = self.remaining(object)?;
        let quantity = Units::try_from(quantity).map_err(|_| meter::MeterError::LimitReached(left.get()))?;
        if quantity > left {
            return Err(meter::MeterError::LimitReached(left.get()));
        }
        if let Some((_, sum)) = self.reported.iter_mut().find(|(name, _)| name.as_str() == object) {
            *sum = sum.saturating_add(quantity);
            return Ok(());
        }
        if self.reported.len() >= OBJECTS_MAX {
            return Err(meter::MeterError::TooManyObjects);
        }
        let name = self.allowances.iter().find(|(name, _)| name.as_str() == object).map(|(name, _)| name.clone());
        self.reported.push((name.ok_or(meter::MeterError::UnknownObject)?, quantity));
        Ok(())
    }

    fn remaining(&self, object: &str) -> Result<Units, meter::MeterError> {
        let named = |list: &[(ObjectName, Units)]| {
            list.iter().find(|(name, _)| name.as_str() == object && !name.is_built_in()).map(|(_, units)| *units)
        };
        let allowed = named(&self.allowances).ok_or(meter::MeterError::UnknownObject)?;
        Ok(allowed.saturating_sub(named(&self.reported).unwrap_or_default()))
    }
}

impl wit::Host for HostState {}

impl meter::Host for HostState {
    fn add(&mut self, object: String, quantity: u64) -> Result<(), meter::MeterError> {
        self.owe(object.len());
        self.meter.add(&object, quantity)
    }

    fn remaining(&mut self, object: String) -> Result<u64, meter::MeterError> {
        self.owe(object.len());
        self.meter.remaining(&object).map(Units::get)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter() -> Meter {
        Meter::new(vec![
            ("pages".parse().unwrap(), Units::saturating(10)),
            (ObjectName::requests(), Units::saturating(1)),
        ])
    }

    #[test]
    fn reports_add_up_to_the_declared_maximum_and_no_further() {
        let mut meter = meter();
        assert!(meter.add("pages", 4).is_ok());
        assert!(meter.add("pages", 6).is_ok());
        assert!(matches!(meter.add("pages", 1), Err(meter::MeterError::LimitReached(0))));
        assert!(matches!(meter.add("pages", u64::MAX), Err(meter::MeterError::LimitReached(0))));
        assert_eq!(meter.into_reported()[0].1.get(), 10);
    }

    #[test]
    fn an_undeclared_object_and_the_hosts_own_are_unknown() {
        let mut meter = meter();
        assert!(matches!(meter.add("words", 1), Err(meter::MeterError::UnknownObject)));
        assert!(matches!(meter.add("requests", 1), Err(meter::MeterError::UnknownObject)));
        assert!(matches!(meter.remaining("fuel"), Err(meter::MeterError::UnknownObject)));
    }
}
