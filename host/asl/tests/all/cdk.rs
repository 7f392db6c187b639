//! Definitions that `aws-cdk-lib` makes run unchanged: they are read without a warning, and printed as the same machines.
//! `cdk/record.mjs` has written them down.

use asl::{MachineKind, StateMachine};

const DEFINITIONS: [(&str, &str); 6] = [
    ("order", include_str!("../cdk/order.asl.json")),
    ("jsonata", include_str!("../cdk/jsonata.asl.json")),
    ("services", include_str!("../cdk/services.asl.json")),
    ("nested", include_str!("../cdk/nested.asl.json")),
    ("distributed", include_str!("../cdk/distributed.asl.json")),
    ("http", include_str!("../cdk/http.asl.json")),
];

#[test]
fn what_the_cdk_makes_is_accepted_as_it_is_and_printed_as_the_same_machine() {
    for (name, definition) in DEFINITIONS {
        let machine = StateMachine::read(definition, MachineKind::Standard);
        let machine = machine.unwrap_or_else(|findings| panic!("{name}: {findings:?}"));
        let printed = machine.to_definition();
        let again = StateMachine::read(&printed, MachineKind::Standard).unwrap();
        assert_eq!(again.to_definition(), printed, "{name}");
        let told: Vec<String> = machine.warnings().iter().map(ToString::to_string).collect();
        assert_eq!(told, Vec::<String>::new(), "{name}");
    }
}
