use types::{Clock, HostKey};

use super::*;
use crate::settings::PrivateRange;

fn rules(change: impl FnOnce(&mut Settings)) -> AddressRules {
    let mut settings = Settings::closed(HostKey::from_bytes([7; 32]));
    change(&mut settings);
    AddressRules::new(&settings, Machine::new(Clock::system()).unwrap()).unwrap()
}

fn check(rules: &AddressRules, ip: &str) -> Result<(), AddressDenied> {
    rules.check("shop", SocketAddr::new(ip.parse().unwrap(), 443))
}

/// One test for each range: its first and last address are denied.
macro_rules! denied {
    ($($name:ident: $first:literal, $last:literal;)*) => {$(
        #[test]
        fn $name() {
            let rules = rules(|_| {});
            for ip in [$first, $last] {
                assert!(check(&rules, ip).is_err(), "{ip}");
            }
        }
    )*};
}

denied! {
    this_network_is_denied: "0.0.0.0", "0.255.255.255";
    private_ten_is_denied: "10.0.0.0", "10.255.255.255";
    carrier_nat_is_denied: "100.64.0.0", "100.127.255.255";
    a_metadata_service_in_carrier_nat_is_denied: "100.100.100.200", "100.100.100.200";
    loopback_is_denied: "127.0.0.0", "127.255.255.255";
    link_local_is_denied: "169.254.0.0", "169.254.255.255";
    the_metadata_service_is_denied: "169.254.169.254", "169.254.170.2";
    private_172_is_denied: "172.16.0.0", "172.31.255.255";
    protocol_assignments_are_denied: "192.0.0.0", "192.0.0.255";
    documentation_1_is_denied: "192.0.2.0", "192.0.2.255";
    as112_is_denied: "192.31.196.0", "192.31.196.255";
    amt_is_denied: "192.52.193.0", "192.52.193.255";
    six_to_four_relays_are_denied: "192.88.99.0", "192.88.99.255";
    private_192_is_denied: "192.168.0.0", "192.168.255.255";
    as112_delegation_is_denied: "192.175.48.0", "192.175.48.255";
    benchmarks_are_denied: "198.18.0.0", "198.19.255.255";
    documentation_2_is_denied: "198.51.100.0", "198.51.100.255";
    documentation_3_is_denied: "203.0.113.0", "203.0.113.255";
    multicast_is_denied: "224.0.0.0", "239.255.255.255";
    reserved_and_broadcast_are_denied: "240.0.0.0", "255.255.255.255";
    a_host_agent_on_a_public_address_is_denied: "168.63.129.16", "168.63.129.16";
    unspecified_v6_is_denied: "::", "::";
    loopback_v6_is_denied: "::1", "::1";
    ipv4_compatible_is_denied: "::8.8.8.8", "::169.254.169.254";
    ipv4_mapped_is_denied: "::ffff:8.8.8.8", "::ffff:169.254.169.254";
    ipv4_translated_is_denied: "::ffff:0:8.8.8.8", "::ffff:0:127.0.0.1";
    nat64_is_denied: "64:ff9b::8.8.8.8", "64:ff9b::169.254.169.254";
    local_nat64_is_denied: "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff";
    discard_is_denied: "100::", "100::ffff:ffff:ffff:ffff";
    dummy_prefix_is_denied: "100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff";
    segment_routing_is_denied: "5f00::", "5f00:ffff::";
    unique_local_is_denied: "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    metadata_in_unique_local_is_denied: "fd00:ec2::254", "fd20:ce::254";
    link_local_v6_is_denied: "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    site_local_is_denied: "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    multicast_v6_is_denied: "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    teredo_is_denied: "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff";
    protocol_assignments_v6_are_denied: "2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff";
    documentation_v6_is_denied: "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff";
    six_to_four_is_denied: "2002:a9fe:a9fe::", "2002:7f00:1::";
    documentation_v6_2_is_denied: "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff";
}

#[test]
fn the_public_internet_is_allowed() {
    let rules = rules(|_| {});
    for ip in
        ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.0", "192.0.1.0", "223.255.255.255", "2600::1", "2a00::1"]
    {
        assert_eq!(check(&rules, ip), Ok(()), "{ip}");
    }
}

#[test]
fn behind_nat64_the_embedded_address_counts() {
    let rules = rules(|settings| settings.nat64 = true);
    assert_eq!(check(&rules, "64:ff9b::8.8.8.8"), Ok(()));
    assert!(check(&rules, "64:ff9b::10.0.0.1").is_err());
    assert!(check(&rules, "64:ff9b::169.254.169.254").is_err());
    assert!(check(&rules, "64:ff9b:1::8.8.8.8").is_err());
}

#[test]
fn a_private_range_is_open_to_its_api_alone_and_never_to_metadata() {
    let range = |range: &str| PrivateRange { api: "shop".into(), range: range.parse().unwrap() };
    let rules =
        rules(|settings| settings.private = vec![range("10.1.0.0/16"), range("100.64.0.0/10"), range("fd00::/8")]);
    assert_eq!(check(&rules, "10.1.2.3"), Ok(()));
    assert_eq!(check(&rules, "100.64.0.1"), Ok(()));
    assert_eq!(check(&rules, "fd00::1"), Ok(()));
    for never in ["10.2.0.1", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254"] {
        assert!(check(&rules, never).is_err(), "{never}");
    }
    let other = rules.check("other", "10.1.2.3:443".parse().unwrap());
    assert_eq!(other, Err(AddressDenied::NotPublic));
}

#[test]
fn no_private_range_opens_loopback_or_link_local() {
    for range in
        ["127.0.0.0/8", "127.0.0.1/32", "169.254.0.0/16", "::1/128", "fe80::/64", "::ffff:0:0/96", "224.0.0.0/8"]
    {
        let mut settings = Settings::closed(HostKey::from_bytes([7; 32]));
        settings.private = vec![PrivateRange { api: "shop".into(), range: range.parse().unwrap() }];
        let made = AddressRules::new(&settings, Machine::new(Clock::system()).unwrap());
        assert!(matches!(made, Err(PolicyError::NeverAllowed(_))), "{range}");
    }
    let wide = PrivateRange { api: "shop".into(), range: "0.0.0.0/0".parse().unwrap() };
    let rules = rules(|settings| settings.private = vec![wide]);
    for never in ["127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1"] {
        assert!(check(&rules, never).is_err(), "{never}");
    }
}

#[test]
fn what_the_operator_denies_is_denied_first() {
    let rules = rules(|settings| {
        settings.deny = vec!["8.8.8.0/24".parse().unwrap(), "127.0.0.0/8".parse().unwrap()];
        settings.loopback_for_development = true;
    });
    assert_eq!(check(&rules, "8.8.8.8"), Err(AddressDenied::Listed));
    assert_eq!(check(&rules, "127.0.0.1"), Err(AddressDenied::Listed));
}

#[test]
fn loopback_opens_by_its_switch_but_never_for_this_hosts_own_doors() {
    let rules = rules(|settings| settings.loopback_for_development = true);
    assert_eq!(check(&rules, "127.0.0.1"), Ok(()));
    assert_eq!(check(&rules, "::1"), Ok(()));
    assert!(check(&rules, "::ffff:127.0.0.1").is_err());
    assert!(check(&rules, "10.0.0.1").is_err());
    rules.machine.listens(&["127.0.0.1:443".parse().unwrap()]);
    for ip in ["127.0.0.1", "127.9.9.9", "::1"] {
        assert_eq!(check(&rules, ip), Err(AddressDenied::OwnListener));
    }
}

#[test]
fn the_machines_own_addresses_are_denied_on_every_port() {
    let rules = rules(|settings| {
        settings.private = vec![PrivateRange { api: "shop".into(), range: "0.0.0.0/0".parse().unwrap() }];
    });
    for own in rules.machine.addresses().iter().filter(|ip| !ip.is_loopback()) {
        assert_eq!(rules.check("shop", SocketAddr::new(*own, 9)), Err(AddressDenied::OwnMachine), "{own}");
    }
}

#[test]
fn no_reason_names_an_address() {
    for reason in
        [AddressDenied::NotPublic, AddressDenied::Listed, AddressDenied::OwnMachine, AddressDenied::OwnListener]
    {
        assert!(!reason.to_string().contains(|letter: char| letter.is_ascii_digit()), "{reason}");
    }
}
