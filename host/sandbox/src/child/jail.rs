//! What a child may still do once it has shut itself in: compute, on memory of its own, and use the pipes it was given.
//!
//! Three walls, one behind the other: limits on resources; Landlock, behind which no file opens and no port is reached;
//! and a seccomp filter that lets through only the system calls named here. Everything else fails with `EPERM`, so that
//! an allocator or a runtime that tries something new falls back instead of dying. What the kernel does not offer is
//! told to the parent, which says so in its log; `weir doctor` asks for the same.

use std::collections::BTreeMap;

use rustix::process::{Resource, Rlimit, setpriority_process, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

/// Behind all that serves, and not starved by it: beside two busy threads it still gets a twentieth of their time. At the
/// lowest priority no upload would ever end on a host that is always busy.
const NICE: i32 = 10;
/// Open files: three pipes, and the memory images of a few components.
const FILES: u64 = 16;

/// Memory, time and signals, and the pipes. No path, no process, no thread, no socket.
const ALWAYS: [libc::c_long; 26] = [
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_fcntl,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_clock_gettime,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_getrandom,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_gettid,
    libc::SYS_exit,
    libc::SYS_exit_group,
];
/// Memory images, and code that has just been written.
const TO_RUN_CODE: [libc::c_long; 5] =
    [libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_memfd_create, libc::SYS_ftruncate, libc::SYS_membarrier];
/// Both take the protection as their third argument.
const TO_MAP_DATA: [libc::c_long; 2] = [libc::SYS_mmap, libc::SYS_mprotect];

/// The walls of one kind of child.
#[derive(Debug, Clone, Copy)]
pub(super) struct Jail {
    addresses: u64,
    data: u64,
    cpu_seconds: u64,
    runs_code: bool,
}

impl Jail {
    /// For compiling: much memory for its size, and none of it executable.
    pub(super) const COMPILE: Self = Self { addresses: 2 << 30, data: 2 << 30, cpu_seconds: 30, runs_code: false };
    /// For trying: each memory reserves 4 GiB of addresses. What the guest may use of them is for the limits of its store
    /// to say; the allocator of the host alone takes 1 GiB at once.
    pub(super) const PROBE: Self = Self { addresses: 32 << 30, data: 2 << 30, cpu_seconds: 10, runs_code: true };

    /// Shuts the process in for good, and names what the kernel does not offer.
    ///
    /// # Errors
    ///
    /// A limit could not be set: nothing must be done in this process.
    pub(super) fn enter(self) -> std::io::Result<Vec<String>> {
        limit(Resource::As, self.addresses)?;
        limit(Resource::Data, self.data)?;
        limit(Resource::Cpu, self.cpu_seconds)?;
        limit(Resource::Nofile, FILES)?;
        limit(Resource::Core, 0)?;
        setpriority_process(None, NICE)?;
        let mut missing = Vec::new();
        if !close_the_file_system() {
            missing.push("landlock".to_owned());
        }
        if self.filter_calls().is_err() {
            missing.push("seccomp".to_owned());
        }
        Ok(missing)
    }

    fn filter_calls(self) -> Result<(), seccompiler::Error> {
        seccompiler::apply_filter(&self.program()?)
    }

    fn program(self) -> Result<BpfProgram, seccompiler::Error> {
        let anyhow = |call: libc::c_long| (call, Vec::new());
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALWAYS.into_iter().map(anyhow).collect();
        if self.runs_code {
            rules.extend(TO_RUN_CODE.into_iter().map(anyhow));
        } else {
            let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
            let data = SeccompCmpOp::MaskedEq(executable);
            let rule = SeccompRule::new(vec![SeccompCondition::new(2, SeccompCmpArgLen::Dword, data, 0)?])?;
            rules.extend(TO_MAP_DATA.into_iter().map(|call| (call, vec![rule.clone()])));
        }
        let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        let architecture: TargetArch = std::env::consts::ARCH.try_into()?;
        Ok(SeccompFilter::new(rules, denied, SeccompAction::Allow, architecture)?.try_into()?)
    }
}

fn limit(resource: Resource, maximum: u64) -> std::io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(maximum), maximum: Some(maximum) })?)
}

/// Nothing more is opened and nothing is connected to from here on; whether the kernel holds it so.
fn close_the_file_system() -> bool {
    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _, RulesetStatus,
    };
    let closed = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V5)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    closed.is_ok_and(|status| status.ruleset != RulesetStatus::NotEnforced)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind::PermissionDenied;

    /// Runs `work` behind the filter, which holds a thread for good and none but it.
    fn behind<T: Send + 'static>(jail: Jail, work: impl FnOnce() -> T + Send + 'static) -> T {
        let run = move || {
            jail.filter_calls().unwrap();
            work()
        };
        std::thread::spawn(run).join().unwrap()
    }

    #[test]
    fn neither_child_opens_connects_or_starts_anything() {
        for jail in [Jail::COMPILE, Jail::PROBE] {
            let tried = behind(jail, || {
                [
                    std::fs::File::open("/etc/passwd").map(drop),
                    std::fs::write("/tmp/escaped", "x"),
                    std::net::TcpStream::connect("127.0.0.1:1").map(drop),
                    std::net::UdpSocket::bind("127.0.0.1:0").map(drop),
                    std::os::unix::net::UnixStream::pair().map(drop),
                    std::process::Command::new("/bin/true").status().map(drop),
                    std::thread::Builder::new().spawn(|| {}).map(drop),
                    rustix::process::kill_current_process_group(rustix::process::Signal::CONT).map_err(Into::into),
                    rustix::process::setpriority_process(None, 0).map_err(Into::into),
                ]
            });
            for (number, outcome) in tried.into_iter().enumerate() {
                assert_eq!(outcome.map_err(|error| error.kind()), Err(PermissionDenied), "attempt {number}, {jail:?}");
            }
        }
    }

    #[test]
    fn only_the_child_that_runs_code_may_map_any() {
        use crate::engine::{Role, engine};
        let artefact = engine(Role::Compile).unwrap().precompile_component(&wat::parse_str(GUEST).unwrap()).unwrap();
        for (jail, may) in [(Jail::COMPILE, false), (Jail::PROBE, true)] {
            let artefact = artefact.clone();
            let loaded = behind(jail, move || {
                let engine = engine(Role::Compile).unwrap();
                crate::artefact::load_bytes(&engine, &artefact).is_ok()
            });
            assert_eq!(loaded, may, "{jail:?}");
        }
    }

    /// What a child that takes all it can get is ended by, and its jail: of the real ones where that is soon enough.
    const GREED: [(&str, Jail); 3] = [
        ("addresses", Jail { data: 1 << 40, ..Jail::COMPILE }),
        ("data", Jail::PROBE),
        ("time", Jail { cpu_seconds: 1, ..Jail::COMPILE }),
    ];

    /// Shuts this process in, and takes more than any jail gives.
    fn take(what: &str, jail: Jail) {
        jail.enter().unwrap();
        let worked = || rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).tv_sec;
        if what == "time" {
            while worked() < 10 {
                std::hint::spin_loop();
            }
        } else {
            // None of it is touched, so that it would be given: 4 GiB.
            let taken: Vec<Vec<u8>> = (0..64).map(|_| std::hint::black_box(vec![0; 64 << 20])).collect();
            drop(std::hint::black_box(taken));
        }
    }

    #[test]
    fn a_child_that_takes_too_much_memory_or_time_is_ended() {
        use std::os::unix::process::ExitStatusExt as _;
        const THIS: &str = "child::jail::tests::a_child_that_takes_too_much_memory_or_time_is_ended";
        // The child is this test once more: limits hold a whole process for good.
        let asked = |what: &str| std::env::args().any(|argument| argument == what);
        if let Some((what, jail)) = GREED.into_iter().find(|(what, _)| asked(what)) {
            take(what, jail);
            std::process::exit(0);
        }
        for (what, jail) in GREED {
            let mut child = std::process::Command::new(std::env::current_exe().unwrap());
            let ended = child.args(["--exact", THIS, what]).output().unwrap();
            let said = String::from_utf8_lossy(&ended.stderr);
            assert!(ended.status.signal().is_some(), "{what}: {} of {jail:?}: {said}", ended.status);
            if what == "time" {
                assert_eq!(ended.status.signal(), Some(libc::SIGKILL), "{said}");
            } else {
                assert!(said.contains("memory allocation of 67108864 bytes failed"), "{what}: {said}");
            }
        }
    }

    const GUEST: &str = r#"(component (core module $m (func (export "f") (result i32) (i32.const 1)))
                                      (core instance (instantiate $m)))"#;
}
