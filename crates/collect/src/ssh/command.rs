//! The ssh that is run: which program, with which options.

use super::destination::Destination;
use super::{SshOptions, bootstrap};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Options that hold whatever the user's configuration says; the rest of it counts as for any other ssh.
const FIXED: &[&str] = &[
    // Nobody can answer a question.
    "BatchMode=yes",
    // A node that vanishes is noticed within 15 s, also while nothing is sent.
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "LogLevel=ERROR",
    // A monitor opens no ways into or out of the node, and changes nothing here.
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "Tunnel=no",
    "PermitLocalCommand=no",
    // A master that exists may be used, with its login; a new one would outlive this program.
    "ControlMaster=no",
];

/// The command that connects to `destination`, with pipes, in a process group of its own: the terminal's Ctrl-C does not
/// reach it, and ending the group also ends what a `ProxyCommand` or `ProxyJump` started.
pub(super) fn command(destination: &Destination, options: &SshOptions) -> Command {
    let mut command = Command::new(&options.ssh_program);
    command.arg("-T").args(FIXED.iter().flat_map(|option| ["-o", option]));
    command.arg("-o").arg(format!("ConnectTimeout={}", options.timeouts.connect.as_secs().max(1)));
    command.args(&options.extra_args);
    if let Some(port) = destination.port {
        command.arg("-p").arg(port.to_string());
    }
    // After "--" nothing is an option, whatever it looks like.
    command.arg("--").arg(&destination.host).arg(bootstrap::command(options.sudo));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_destination_stands_after_the_end_of_options() {
        let options = SshOptions { extra_args: vec!["-F".into(), "file".into()], ..SshOptions::default() };
        let destination = Destination::parse("root@[::1]:2222").unwrap();
        let command = command(&destination, &options);
        let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let end = args.iter().position(|arg| arg == "--").unwrap();
        assert_eq!(args[end - 4..=end + 1], ["-F", "file", "-p", "2222", "--", "root@::1"]);
        assert_eq!(args.len(), end + 3);
        for option in ["BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=5", "ClearAllForwardings=yes"] {
            assert!(args.iter().any(|arg| arg == option), "{option}");
        }
    }
}
