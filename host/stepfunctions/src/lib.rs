//! What AWS Step Functions says: its names, its errors, its bodies and pages; and the operations that need no execution.
//!
//! Source: the service model of Step Functions (2016-11-23). `workflows` carries out the operations in these words, and the
//! command line tries states out by [`TestState`]. It knows no machine that is kept and no execution, does no I/O and reads
//! no clock.

mod arn;
pub mod check;
mod configurations;
mod definitions;
mod error;
mod integration;
mod moment;
mod page;
mod routing;
mod tags;
mod test_state;

pub use arn::{Arn, Qualifier, Thing, is_name};
pub use configurations::Configurations;
pub use definitions::{Validate, definition, kind_of, validate};
pub use error::OperationError;
pub use integration::{Errand, Kind, Until, base};
pub use moment::seconds;
pub use page::Page;
pub use routing::{Route, Routing};
pub use tags::Tag;
pub use test_state::{
    ErrorDetails, ErrorOutput, FieldValidationMode, InspectionData, InspectionLevel, Mock, StateConfiguration,
    TestState, TestStateError, TestStateOutput, TestStatus,
};
