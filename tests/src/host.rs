//! A host in a process of its own.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::app::agent;
use crate::books::Books;
use crate::component::Component;

/// How long a start or a stop may take, on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often the harness looks.
const LOOK: Duration = Duration::from_millis(10);

/// What the host's files lie on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// The machine's own: a killed process loses nothing that it wrote.
    Real,
    /// One that keeps only what was synced, as after a loss of power.
    Lossy,
}

/// How a host is to be started.
#[derive(Debug, Clone)]
pub struct Setup {
    folder: Arc<TempDir>,
    disk: Disk,
    /// Lines after the section that both listeners take port 0.
    configuration: String,
    listen: [String; 2],
}

impl Setup {
    /// On an empty folder.
    ///
    /// # Errors
    ///
    /// When there is no room for one.
    pub fn fresh() -> anyhow::Result<Self> {
        let any = || "127.0.0.1:0".to_owned();
        Ok(Self {
            folder: Arc::new(TempDir::new()?),
            disk: Disk::Real,
            configuration: String::new(),
            listen: [any(), any()],
        })
    }

    /// On this disk.
    #[must_use]
    pub fn on(mut self, disk: Disk) -> Self {
        self.disk = disk;
        self
    }

    /// With these further lines of `host.toml`.
    #[must_use]
    pub fn with(mut self, configuration: &str) -> Self {
        configuration.clone_into(&mut self.configuration);
        self
    }

    /// With the gateway at this address.
    #[must_use]
    pub fn listening(mut self, gateway: &str) -> Self {
        gateway.clone_into(&mut self.listen[0]);
        self
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What the host has written to its standard error, in all its starts.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("host.log")
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When it ends instead, with what it said; or takes more than a minute.
    pub fn start(&self) -> anyhow::Result<Host> {
        let child = self.spawn()?;
        Host::once_ready(self.clone(), child)
    }

    /// Starts it and waits for its end: for a start that is to be refused.
    ///
    /// # Errors
    ///
    /// When it runs on instead; it is killed then.
    pub fn start_in_vain(&self) -> anyhow::Result<(ExitStatus, String)> {
        let before = self.log().len();
        let mut child = self.spawn()?;
        let ended = until("the host refuses to start", || Ok(child.try_wait()?));
        if ended.is_err() {
            child.kill()?;
            child.wait()?;
        }
        Ok((ended?, self.log().split_off(before)))
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let data = self.data();
        fs::create_dir_all(&data)?;
        let [gateway, control] = &self.listen;
        let toml =
            format!("[gateway]\nlisten = \"{gateway}\"\n[control]\nlisten = \"{control}\"\n{}\n", self.configuration);
        fs::write(data.join("host.toml"), toml)?;
        let addresses = data.join("addresses.json");
        if addresses.exists() {
            fs::remove_file(&addresses)?;
        }
        let log = File::options().create(true).append(true).open(self.log_file())?;
        let mut command = self.command(&["serve"])?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.spawn().context("the host could not be started")
    }

    fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        // A file that has met its size limit is to be an error, as on a full disk, and not a signal that kills.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program()?);
        command.arg("--data").arg(self.data()).args(arguments);
        for inherited in ["WEIR_CONTROL", "WEIR_TOKEN", "WEIR_DATA", "WEIR_TEST_DISK"] {
            command.env_remove(inherited);
        }
        if self.disk == Disk::Lossy {
            command.env("WEIR_TEST_DISK", "lossy");
        }
        Ok(command)
    }
}

/// The binary of these tests, which is built beside them.
fn program() -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe()?;
    let program = this.ancestors().skip(1).take(2).map(|folder| folder.join("test-host")).find(|path| path.is_file());
    program.context("the binary test-host is not there: build it with `cargo build -p tests`")
}

/// A host that runs. It is killed when this is dropped.
#[derive(Debug)]
pub struct Host {
    setup: Setup,
    child: Child,
    gateway: String,
    control: String,
    token: String,
    agent: ureq::Agent,
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            eprintln!("a host stays behind: {error}");
        }
        if std::thread::panicking() {
            eprintln!("what the host wrote:\n{}", self.setup.log());
        }
    }
}

impl Host {
    /// A host on an empty folder.
    ///
    /// # Errors
    ///
    /// As [`Setup::start`].
    pub fn start() -> anyhow::Result<Self> {
        Setup::fresh()?.start()
    }

    fn once_ready(setup: Setup, mut child: Child) -> anyhow::Result<Self> {
        let ready = until("the host is ready", || {
            if let Some(status) = child.try_wait()? {
                bail!("the host ended with {status}:\n{}", setup.log());
            }
            let Ok(text) = fs::read_to_string(setup.data().join("addresses.json")) else { return Ok(None) };
            let Ok(addresses) = serde_json::from_str::<Value>(&text) else { return Ok(None) };
            let address = |name: &str| addresses[name].as_str().map(str::to_owned);
            let Some((gateway, control)) = address("gateway").zip(address("control")) else { return Ok(None) };
            Ok(is_ready(&agent(), &control).then_some((gateway, control)))
        });
        let (gateway, control) = match ready {
            Ok(addresses) => addresses,
            Err(error) => {
                child.kill()?;
                child.wait()?;
                return Err(error.context(setup.log()));
            }
        };
        let token = fs::read_to_string(setup.data().join("operator.token")).context("there is no operator's token")?;
        Ok(Self { setup, child, gateway, control, token: token.trim().to_owned(), agent: agent() })
    }

    /// The gateway's URL.
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// The control plane's URL.
    pub fn control_url(&self) -> &str {
        &self.control
    }

    /// How it was started, to start it again on the same folder.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The file `name` in its data folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.setup.data().join(name)
    }

    /// Whether `/readyz` says so.
    pub fn ready(&self) -> bool {
        is_ready(&self.agent, &self.control)
    }

    /// Waits until `/readyz` says so.
    ///
    /// # Errors
    ///
    /// After a minute.
    pub fn wait_until_ready(&self) -> anyhow::Result<()> {
        until("the host is ready again", || Ok(self.ready().then_some(())))
    }

    /// Waits until `/readyz` says that it is not.
    ///
    /// # Errors
    ///
    /// After a minute.
    pub fn wait_until_not_ready(&self) -> anyhow::Result<()> {
        until("the host is no longer ready", || Ok((!self.ready()).then_some(())))
    }

    /// Kills it, as the kernel or an operator in despair does, and waits for its end.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop (SIGTERM), and waits for its end.
    ///
    /// # Errors
    ///
    /// When it has not ended after a minute.
    pub fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        rustix::process::kill_process(pid.context("no process")?, rustix::process::Signal::TERM)?;
        until("the host stops", || Ok(self.child.try_wait()?))
    }

    /// Starts it again on the same folder, after it was killed or stopped.
    ///
    /// # Errors
    ///
    /// As [`Setup::start`].
    pub fn again(mut self) -> anyhow::Result<Self> {
        self.kill()?;
        self.setup.start()
    }

    /// Runs the command line against it.
    ///
    /// # Errors
    ///
    /// When it cannot be run; what it answers is in the output.
    pub fn weir(&self, arguments: &[&str]) -> anyhow::Result<Output> {
        Ok(self.setup.command(arguments)?.stdin(Stdio::null()).output()?)
    }

    /// Sends `body` to the control plane as the operator, and gives the status and the answer.
    ///
    /// # Errors
    ///
    /// When no response came.
    pub fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<(u16, Value)> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.control))
            .header("Authorization", format!("Bearer {}", self.token))
            // Whatever it is now: nobody else changes things here.
            .header("If-Match", "*")
            .header("Content-Type", "application/json");
        let bytes = body.map(Value::to_string).unwrap_or_default();
        answer(self.agent.run(request.body(bytes)?)?)
    }

    /// Uploads a component, and gives the status and the answer.
    ///
    /// # Errors
    ///
    /// When no response came.
    pub fn upload(&self, component: &Component) -> anyhow::Result<(u16, Value)> {
        let request = self
            .agent
            .put(format!("{}/v1/components/{}", self.control, component.digest()))
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Type", "application/wasm");
        answer(request.send(component.bytes())?)
    }

    /// What `weir doctor --reconcile` says of the books, and whether it is content.
    ///
    /// # Errors
    ///
    /// When it cannot be run.
    pub fn reconcile(&self) -> anyhow::Result<(bool, String)> {
        let said = self.weir(&["doctor", "--reconcile"])?;
        let text = [said.stdout, said.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        Ok((said.status.success(), text))
    }

    /// The operators' database, beside the host.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub fn books(&self) -> anyhow::Result<Books> {
        Books::open(&self.file("usage.db"))
    }

    pub(crate) fn must(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let (status, answer) = self.ask(method, path, Some(body))?;
        ensure!((200..300).contains(&status), "{method} {path} was refused: {status} {answer}");
        Ok(answer)
    }
}

fn is_ready(agent: &ureq::Agent, control: &str) -> bool {
    agent.get(format!("{control}/readyz")).call().is_ok_and(|response| response.status().is_success())
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> anyhow::Result<(u16, Value)> {
    let text = response.body_mut().read_to_string()?;
    let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok((response.status().as_u16(), value))
}

/// Looks until `what` has come true.
fn until<T>(what: &str, mut look: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let looks = PATIENCE.as_millis() / LOOK.as_millis();
    for _ in 0..looks {
        if let Some(found) = look()? {
            return Ok(found);
        }
        std::thread::sleep(LOOK);
    }
    bail!("waited {} s until {what}", PATIENCE.as_secs())
}
