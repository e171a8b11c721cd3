//! Nodes for tests: each an OpenSSH server of its own on a loopback port, with a folder that stands for its file tree.

use collect::ssh::{SshOptions, Timeouts, start};
use collect::{Event, NodeEvent, NodeHandle};
use formats::ocfs2::locking_state::LevelStats;
use formats::ocfs2::print::{OwnedRecord, line};
use formats::ocfs2::{LockName, LockType};
use sample::message::Configuration;
use sample::{Fault, FaultKind, FromNode, Link, Sample, Way};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const UUID: &str = "D3C123F4B7EA4CAD87B04CA0CBCB3C0B";
const SSHD: &str = "/usr/sbin/sshd";
/// Nothing here takes longer on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Some nodes, and the configuration by which ssh finds them as n1, n2, …
pub struct Lab {
    folder: TempDir,
    pub nodes: Vec<Node>,
}

pub struct Node {
    pub name: String,
    pub port: u16,
    /// Stands for `/`.
    pub root: PathBuf,
    /// First in its PATH.
    pub bin: PathBuf,
    sshd: Child,
}

/// What a node's ssh server does differently.
#[derive(Default)]
pub struct Oddity<'a> {
    /// A further line of `sshd_config`.
    pub sshd_config: &'a str,
}

impl Lab {
    /// `None`: there is no sshd on this machine, which was said.
    pub fn new(nodes: usize, oddity: &Oddity) -> Option<Lab> {
        if !Path::new(SSHD).exists() {
            let text = format!("{SSHD} is missing: install the package openssh-server to test the ssh transport");
            assert!(std::env::var_os("DLMTOP_REQUIRE_SSHD").is_none(), "{text}");
            eprintln!("skipped: {text}");
            return None;
        }
        // Where sshd, run as root, insists on a folder; other users cannot and need not make it.
        let _ = fs::create_dir_all("/run/sshd");
        let folder = tempfile::Builder::new().prefix("dlmtop-ssh-").tempdir().unwrap();
        keygen(&folder.path().join("key"));
        keygen(&folder.path().join("other-key"));
        let nodes: Vec<Node> = (1..=nodes).map(|number| Node::start(folder.path(), number, oddity)).collect();
        let lab = Lab { folder, nodes };
        lab.configure("");
        Some(lab)
    }

    /// Writes ssh's configuration; `more` comes first and so counts more.
    pub fn configure(&self, more: &str) {
        let at = |file: &str| self.folder.path().join(file).display().to_string();
        let mut config = format!("{more}\n");
        let mut known = String::new();
        for node in &self.nodes {
            let name = &node.name;
            writeln!(config, "Host {name}\n HostName 127.0.0.1\n Port {}\n HostKeyAlias {name}", node.port).unwrap();
            writeln!(known, "{name} {}", fs::read_to_string(at(&format!("{name}-host-key.pub"))).unwrap().trim()).unwrap();
        }
        writeln!(
            config,
            "Host *\n IdentityFile {}\n IdentitiesOnly yes\n IdentityAgent none\n UserKnownHostsFile {}\n GlobalKnownHostsFile /dev/null\n \
             StrictHostKeyChecking yes\n KexAlgorithms curve25519-sha256\n Ciphers aes128-gcm@openssh.com",
            at("key"),
            at("known_hosts")
        )
        .unwrap();
        fs::write(at("known_hosts"), known).unwrap();
        fs::write(at("ssh_config"), config).unwrap();
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Options with short times: intervals of 100 ms, retries from 50 ms.
    pub fn options(&self) -> SshOptions {
        SshOptions {
            extra_args: vec!["-F".into(), self.path("ssh_config").into()],
            program: Some(env!("CARGO_BIN_EXE_collect-node").into()),
            configuration: Configuration { interval_ms: 100, cpu_permille: 900, ..Configuration::default() },
            timeouts: Timeouts {
                connect: Duration::from_secs(2),
                login: PATIENCE,
                answer: PATIENCE,
                silence: Duration::from_secs(6),
                retry_least: Duration::from_millis(50),
                retry_most: Duration::from_millis(200),
                end: Duration::from_millis(500),
            },
            ..SshOptions::default()
        }
    }

    /// The ssh clients of this lab, and their proxies.
    pub fn clients(&self) -> Vec<u32> {
        let mark = self.path("ssh_config").display().to_string();
        processes().into_iter().filter(|pid| proc_file(*pid, "cmdline").split('\0').any(|word| word == mark)).collect()
    }
}

impl Node {
    fn start(folder: &Path, number: usize, oddity: &Oddity) -> Node {
        let name = format!("n{number}");
        let at = |file: &str| folder.join(format!("{name}-{file}"));
        let (root, bin) = (at("root"), at("bin"));
        fs::create_dir(&bin).unwrap();
        keygen(&at("host-key"));
        make_root(&root, number);
        for _ in 0..5 {
            // Free a moment ago; if another one took it meanwhile, sshd ends and the next one is tried.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let config = format!(
                "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\n\
                 PasswordAuthentication no\nKbdInteractiveAuthentication no\nLogLevel ERROR\n\
                 SetEnv DLMTOP_ROOT={} PATH={}:/usr/bin:/bin HOME={}\n{}\n",
                at("host-key").display(),
                folder.join("key.pub").display(),
                root.display(),
                bin.display(),
                // Empty: what the developer's own login prints and runs is no part of the test.
                bin.display(),
                oddity.sshd_config
            );
            fs::write(at("sshd_config"), config).unwrap();
            let log = fs::File::create(at("sshd.log")).unwrap();
            let mut sshd = Command::new(SSHD)
                .args(["-D", "-e", "-f"])
                .arg(at("sshd_config"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .unwrap();
            let deadline = Instant::now() + PATIENCE;
            while Instant::now() < deadline && sshd.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() && sshd.try_wait().unwrap().is_none() {
                    return Node { name, port, root, bin, sshd };
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            let _ = sshd.kill();
            let _ = sshd.wait();
        }
        panic!("sshd does not start: {}", fs::read_to_string(at("sshd.log")).unwrap_or_default());
    }

    /// Installs the collector as `dlmtop`.
    pub fn install(&self) {
        symlink(env!("CARGO_BIN_EXE_collect-node"), self.bin.join("dlmtop")).unwrap();
    }

    /// Installs a script as `dlmtop`; `$REAL` is the collector.
    pub fn install_script(&self, text: &str) {
        let path = self.bin.join("dlmtop");
        fs::write(&path, format!("#!/bin/sh\nREAL='{}'\n{text}\n", env!("CARGO_BIN_EXE_collect-node"))).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Processes that run here: they have its root in their environment, which sshd itself has not.
    pub fn processes(&self) -> Vec<u32> {
        let mark = format!("DLMTOP_ROOT={}", self.root.display());
        processes().into_iter().filter(|pid| proc_file(*pid, "environ").split('\0').any(|variable| variable == mark)).collect()
    }

    /// The server and its sessions.
    pub fn sshds(&self) -> Vec<u32> {
        let mut found = vec![self.sshd.id()];
        let parents: Vec<(u32, u32)> = processes().into_iter().filter_map(|pid| Some((pid, parent(pid)?))).collect();
        let mut at = 0;
        while let Some(&pid) = found.get(at) {
            let is_sshd = |pid: u32| proc_file(pid, "comm").trim().starts_with("sshd");
            found.extend(parents.iter().filter(|(child, parent)| *parent == pid && is_sshd(*child)).map(|(child, _)| *child));
            at += 1;
        }
        found
    }

    /// The server's sessions.
    pub fn sessions(&self) -> Vec<u32> {
        self.sshds().split_off(1)
    }

    /// Writes the lock state anew, as the kernel would show it now.
    pub fn write_locks(&self, gets: u64) {
        write_locks(&self.root, gets);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Sessions first: they would outlive the server. Stopped ones are killed all the same.
        for pid in self.sessions() {
            signal(pid, "KILL");
        }
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

/// What the viewer sees of one node.
pub struct Viewer {
    pub handle: Option<NodeHandle>,
    events: Receiver<NodeEvent>,
    seen: Vec<String>,
}

impl Viewer {
    pub fn start(destination: &str, options: SshOptions) -> Viewer {
        let (sender, events) = channel();
        let handle = start(7, destination, options, sender).unwrap();
        Viewer { handle: Some(handle), events, seen: Vec::new() }
    }

    /// Waits for an event that `pick` wants.
    pub fn until<T>(&mut self, what: &str, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(NodeEvent { node, event }) => {
                    assert_eq!(node, 7);
                    self.seen.push(shortened(&event));
                    if let Some(found) = pick(&event) {
                        return found;
                    }
                }
                Err(error) => panic!("no {what} ({error}); seen:\n{}", self.seen.join("\n")),
            }
        }
    }

    pub fn up(&mut self) -> Way {
        self.until("link up", |event| match event {
            Event::Link(Link::Up(way)) => Some(way.clone()),
            _ => None,
        })
    }

    pub fn down(&mut self) -> Fault {
        self.until("link down", |event| match event {
            Event::Link(Link::Down { fault, .. }) => Some(fault.clone()),
            _ => None,
        })
    }

    /// Waits until the link is down for this reason.
    pub fn fault(&mut self, kind: FaultKind) -> Fault {
        let fault = self.down();
        assert_eq!(fault.kind, kind, "{fault}");
        fault
    }

    pub fn sample(&mut self, mut wanted: impl FnMut(&Sample) -> bool) -> Sample {
        self.until("sample", |event| match event {
            Event::Message(FromNode::Sample(sample)) if wanted(sample) => Some((**sample).clone()),
            _ => None,
        })
    }

    /// Drops the handle and waits until the transport has ended: nobody can send events any more.
    pub fn end(mut self) {
        self.handle = None;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => panic!("the transport does not end"),
            }
        }
    }
}

fn shortened(event: &Event) -> String {
    format!("{event:?}").chars().take(300).collect()
}

/// Waits until `condition` holds.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn signal(pid: u32, name: &str) {
    let status = Command::new("/bin/sh").args(["-c", "kill -\"$0\" \"$1\"", name, &pid.to_string()]).stderr(Stdio::null()).status();
    assert!(status.is_ok());
}

/// The lock that every node has in use.
pub fn busy_lock() -> LockName {
    LockName::new(LockType::META, 0x7e02, 1)
}

/// A lock that nobody uses.
pub fn idle_lock() -> LockName {
    LockName::new(LockType::META, 0x100, 1)
}

fn record(name: LockName, gets: u64) -> OwnedRecord {
    OwnedRecord::held(name, LevelStats { gets, fails: 0, total_ns: gets * 1000, max_ns: 1000, last_us: Some(0) })
}

/// 200 locks: several reads of every size.
fn write_locks(root: &Path, gets: u64) {
    let mut text = line(&record(busy_lock(), gets));
    for block in 0..200 {
        text += &line(&record(LockName::new(LockType::META, 0x100 + block, 1), 1));
    }
    let path = root.join("sys/kernel/debug/ocfs2").join(UUID).join("locking_state");
    // In place, as the kernel's file: another inode would be another mount. The length stays, so that a reader never sees
    // a cut file.
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path).unwrap();
    let before = file.metadata().unwrap().len();
    assert!(before == 0 || before == text.len() as u64);
    file.write_all(text.as_bytes()).unwrap();
}

fn make_root(root: &Path, number: usize) {
    let directory = root.join("sys/kernel/debug/ocfs2").join(UUID);
    fs::create_dir_all(&directory).unwrap();
    fs::create_dir_all(root.join("proc/self")).unwrap();
    let state = format!("    Device => Id: 254,16  Uuid: {UUID}  Gen: 0xF10E1D25  Label: lab{number}\n");
    fs::write(directory.join("fs_state"), state).unwrap();
    fs::write(root.join("proc/self/mountinfo"), "36 35 254:16 / /mnt/shared rw - ocfs2 /dev/vdb rw\n").unwrap();
    write_locks(root, 10);
}

fn keygen(path: &Path) {
    let status = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(path).status();
    assert!(status.is_ok_and(|status| status.success()), "ssh-keygen {}", path.display());
}

fn processes() -> Vec<u32> {
    fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Empty if the process is gone or another user's.
pub fn proc_file(pid: u32, file: &str) -> String {
    fs::read(format!("/proc/{pid}/{file}")).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
}

fn parent(pid: u32) -> Option<u32> {
    let stat = proc_file(pid, "stat");
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}
