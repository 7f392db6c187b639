//! What a release may grant: settings and a log. And what nobody is granted: an environment, files, names, a way out.

use sandbox::{Limits, LogStream};
use types::{Fuel, Outcome};

use crate::guests::{House, OK, beside};

const CONFIG: &str = r"
    variant error { upstream(string), io(string) }
    get: func(key: string) -> result<option<string>, error>;
    get-all: func() -> result<list<tuple<string, string>>, error>;";
const LOGGING: &str = "package wasi:logging@0.1.0-draft { interface logging {
    enum level { trace, debug, info, warn, error, critical }
    log: func(level: level, context: string, message: string);
} }";

fn little_fuel() -> Limits {
    Limits { fuel: Fuel::saturating(20_000_000), ..Limits::default() }
}

/// A guest that reads settings by the interface of this version.
fn configured(version: &str, handle: &str) -> Vec<u8> {
    let package = format!("package wasi:config@{version} {{ interface store {{ {CONFIG} }} }}");
    let more = format!(
        r#"(import "wasi:config/store@{version}" "get" (func $get (param i32 i32 i32)))
           (import "wasi:config/store@{version}" "get-all" (func $get-all (param i32)))
           (data (i32.const 64) "mode") (data (i32.const 80) "other") (data (i32.const 96) "large")"#
    );
    beside(&package, &format!("import wasi:config/store@{version};"), &more, handle)
}

/// A guest that logs.
fn logging(data: &str, handle: &str) -> Vec<u8> {
    let more = format!(
        r#"(import "wasi:logging/logging@0.1.0-draft" "log" (func $log (param i32 i32 i32 i32 i32)))
           {data}"#
    );
    beside(LOGGING, "import wasi:logging/logging@0.1.0-draft;", &more, handle)
}

#[tokio::test]
async fn the_settings_of_a_release_reach_its_component_by_either_name() {
    // A setting that is there, one that is not, and all of them.
    let handle = format!(
        "(call $get (i32.const 64) (i32.const 4) (i32.const 2048))
         (if (i32.or (i32.load8_u (i32.const 2048)) (i32.ne (i32.const 1) (i32.load8_u (i32.const 2052))))
           (then unreachable))
         (if (i32.ne (i32.load (i32.load (i32.const 2056))) (i32.const 0x74736166)) (then unreachable))
         (call $get (i32.const 80) (i32.const 5) (i32.const 2048))
         (if (i32.or (i32.load8_u (i32.const 2048)) (i32.load8_u (i32.const 2052))) (then unreachable))
         (call $get-all (i32.const 2048))
         (if (i32.ne (i32.load (i32.const 2056)) (i32.const 2)) (then unreachable))
         {OK}"
    );
    let house = House::new();
    for version in ["0.2.0-rc.1", "0.2.0-draft-2024-09-27"] {
        let ran = house.run(configured(version, &handle), Limits::default()).await;
        assert_eq!(ran.outcome, Outcome::Ok, "{version}: {ran:?}");
    }
}

#[tokio::test]
async fn a_logged_line_has_its_level_and_context_and_is_made_safe_to_print() {
    let data = r#"(data (i32.const 64) "billing") (data (i32.const 80) "one\0atwo\1b[2J")"#;
    let handle = format!(
        "(call $log (i32.const 3) (i32.const 64) (i32.const 7) (i32.const 80) (i32.const 11))
         (call $log (i32.const 5) (i32.const 64) (i32.const 0) (i32.const 80) (i32.const 3)) {OK}"
    );
    let ran = House::new().run(logging(data, &handle), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::Ok, "{ran:?}");
    let lines: Vec<_> = ran.logs.iter().map(|line| (line.stream, line.text.as_str())).collect();
    let expected = ["warn billing: one", "two\\u{1b}[2J", "critical: one"].map(|text| (LogStream::Log, text));
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn logging_without_end_runs_out_of_fuel_and_keeps_what_fits() {
    let handle = "(loop $again
        (call $log (i32.const 0) (i32.const 64) (i32.const 0) (i32.const 64) (i32.const 100)) (br $again)) unreachable";
    let line = format!(r#"(data (i32.const 64) "{}")"#, "x".repeat(100));
    let ran = House::new().run(logging(&line, handle), little_fuel()).await;
    assert_eq!(ran.outcome, Outcome::OutOfFuel, "{ran:?}");
    assert_eq!(ran.logs.len(), 256);
    // Each costs what any host call does, and its hundred bytes.
    let calls = u64::from(ran.logs_dropped) + 256;
    assert!((20_000_000 / 650..20_000_000 / 600).contains(&calls), "{calls} calls");
}

#[tokio::test]
async fn what_a_host_call_carries_is_charged_by_the_byte() {
    let once = |length: u32| {
        let handle = format!(
            "(call $log (i32.const 0) (i32.const 64) (i32.const 0) (i32.const 65536) (i32.const {length})) {OK}"
        );
        logging("", &handle)
    };
    let house = House::new();
    let short = house.run(once(1), Limits::default()).await.spent.fuel.get();
    let long = house.run(once(60_001), Limits::default()).await.spent.fuel.get();
    assert_eq!(long - short, 60_000);
    let ran = house.run(once(60_001), Limits { fuel: Fuel::saturating(50_000), ..Limits::default() }).await;
    assert_eq!((ran.outcome, ran.spent.fuel.get()), (Outcome::OutOfFuel, 50_000));
}

#[tokio::test]
async fn reading_settings_without_end_runs_out_of_fuel() {
    let handle = "(loop $again (call $get (i32.const 96) (i32.const 5) (i32.const 2048))
        (global.set $top (i32.const 4096)) (br $again)) unreachable";
    let ran = House::new().run(configured("0.2.0-rc.1", handle), little_fuel()).await;
    assert_eq!(ran.outcome, Outcome::OutOfFuel, "{ran:?}");
    // What cannot pay for one call more is left.
    assert!(ran.spent.fuel.get() > 19_999_000, "{ran:?}");
}

#[tokio::test]
async fn another_version_of_an_interface_is_refused_by_its_name() {
    let house = House::new();
    for name in ["wasi:config/store@0.2.0-draft", "wasi:config/runtime@0.2.0-rc.1", "wasi:logging/logging@0.1.0"] {
        let why = house.refusal(wat::parse_str(format!(r#"(component (import "{name}" (instance)))"#)).unwrap()).await;
        assert!(why.contains(name) && why.contains("wasi:config/store@0.2.0-rc.1"), "{why}");
        assert!(why.contains("wasi:logging/logging@0.1.0-draft"), "{why}");
    }
}

#[tokio::test]
async fn there_is_no_environment_no_argument_and_no_folder() {
    let packages = "
        package wasi:cli@0.2.0 { interface environment {
            get-environment: func() -> list<tuple<string, string>>;
            get-arguments: func() -> list<string>;
            initial-cwd: func() -> option<string>;
        } }
        package wasi:filesystem@0.2.0 {
            interface types { resource descriptor; }
            interface preopens { use types.{descriptor}; get-directories: func() -> list<tuple<descriptor, string>>; }
        }";
    let imports = "import wasi:cli/environment@0.2.0; import wasi:filesystem/preopens@0.2.0;";
    let more = r#"(import "wasi:cli/environment@0.2.0" "get-environment" (func $environment (param i32)))
        (import "wasi:cli/environment@0.2.0" "get-arguments" (func $arguments (param i32)))
        (import "wasi:cli/environment@0.2.0" "initial-cwd" (func $cwd (param i32)))
        (import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $folders (param i32)))"#;
    let handle = format!(
        "(call $environment (i32.const 2048)) (call $arguments (i32.const 2064)) (call $folders (i32.const 2080))
         (call $cwd (i32.const 2096))
         (if (i32.load (i32.const 2052)) (then unreachable)) (if (i32.load (i32.const 2068)) (then unreachable))
         (if (i32.load (i32.const 2084)) (then unreachable)) (if (i32.load8_u (i32.const 2096)) (then unreachable))
         {OK}"
    );
    let ran = House::new().run(beside(packages, imports, more, &handle), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::Ok, "{ran:?}");
}

/// As much of the sockets as is needed to be denied them.
const SOCKETS: &str = "
        package wasi:sockets@0.2.0 {
            interface network {
                resource network;
                enum error-code { unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout,
                    concurrency-conflict, not-in-progress, would-block, invalid-state, new-socket-limit,
                    address-not-bindable, address-in-use, remote-unreachable, connection-refused, connection-reset,
                    connection-aborted, datagram-too-large, name-unresolvable, temporary-resolver-failure,
                    permanent-resolver-failure }
                enum ip-address-family { ipv4, ipv6 }
                type ipv4-address = tuple<u8, u8, u8, u8>;
                type ipv6-address = tuple<u16, u16, u16, u16, u16, u16, u16, u16>;
                record ipv4-socket-address { port: u16, address: ipv4-address }
                record ipv6-socket-address { port: u16, flow-info: u32, address: ipv6-address, scope-id: u32 }
                variant ip-socket-address { ipv4(ipv4-socket-address), ipv6(ipv6-socket-address) }
            }
            interface instance-network { use network.{network}; instance-network: func() -> network; }
            interface ip-name-lookup {
                use network.{network, error-code};
                resource resolve-address-stream;
                resolve-addresses: func(network: borrow<network>, name: string)
                    -> result<resolve-address-stream, error-code>;
            }
            interface tcp {
                use network.{network, error-code, ip-socket-address};
                resource tcp-socket {
                    start-bind: func(network: borrow<network>, local-address: ip-socket-address)
                        -> result<_, error-code>;
                    start-connect: func(network: borrow<network>, remote-address: ip-socket-address)
                        -> result<_, error-code>;
                }
            }
            interface tcp-create-socket {
                use network.{error-code, ip-address-family};
                use tcp.{tcp-socket};
                create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
            }
        }";

#[tokio::test]
async fn no_name_is_looked_up_and_no_socket_is_bound() {
    let imports = "import wasi:sockets/instance-network@0.2.0; import wasi:sockets/ip-name-lookup@0.2.0;
                   import wasi:sockets/tcp@0.2.0; import wasi:sockets/tcp-create-socket@0.2.0;";
    let address = "(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)";
    let more = format!(
        r#"(import "wasi:sockets/instance-network@0.2.0" "instance-network" (func $network (result i32)))
           (import "wasi:sockets/ip-name-lookup@0.2.0" "resolve-addresses" (func $resolve (param i32 i32 i32 i32)))
           (import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket" (func $create (param i32 i32)))
           (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.start-bind" (func $bind {address}))
           (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.start-connect" (func $connect {address}))
           (data (i32.const 64) "example.com")"#
    );
    // 127.0.0.1, whose words behind the fifth are not used, and a port.
    let to = |port: u32| {
        format!(
            "(i32.load (i32.const 2064)) (global.get $n) (i32.const 0) (i32.const {port}) (i32.const 127) (i32.const 0)
             (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
             (i32.const 0) (i32.const 2080)"
        )
    };
    // Each is access-denied, the second of the codes; a socket may not even be made.
    let denied = "(if (i32.or (i32.ne (i32.load8_u (i32.const 2080)) (i32.const 1))
                             (i32.ne (i32.load8_u (i32.const 2081)) (i32.const 1))) (then unreachable))";
    let handle = format!(
        "(global.set $n (call $network))
         (call $resolve (global.get $n) (i32.const 64) (i32.const 11) (i32.const 2048))
         (if (i32.eqz (i32.load8_u (i32.const 2048))) (then unreachable))
         (call $create (i32.const 0) (i32.const 2060))
         (if (i32.eqz (i32.load8_u (i32.const 2060))) (then
           (call $bind {}) {denied}
           (call $connect {}) {denied}))
         {OK}",
        to(0),
        to(80)
    );
    let more = format!("{more}\n(global $n (mut i32) (i32.const 0))");
    let ran = House::new().run(beside(SOCKETS, imports, &more, &handle), Limits::default()).await;
    assert_eq!(ran.outcome, Outcome::Ok, "{ran:?}");
}
