//! One change.

use crate::errno;
use crate::kernel::Kernel;
use crate::step::Action;
use rustix::io::Errno;
use std::io;
use std::time::Duration;

/// How often a folder that is held is tried again, and after which time: a node's connection takes a moment to close.
const PATIENCE: (u32, Duration) = (25, Duration::from_millis(200));
/// How long `ocfs2_hb_ctl` may take: it waits for other users of the region's semaphore.
const HB_CTL_DEADLINE: Duration = Duration::from_secs(30);
/// How long the program of a firewall may take: it waits for its daemon, or for others that change the kernel's tables.
const FIREWALL_DEADLINE: Duration = Duration::from_secs(30);
/// How often a region's users are counted down at most.
const MOST_USERS: u32 = 64;

/// The C tools' program that starts and stops regions of local mode.
pub const HB_CTL: &str = "/sbin/ocfs2_hb_ctl";

pub fn act(kernel: &mut dyn Kernel, action: &Action) -> io::Result<()> {
    match action {
        Action::LoadModule(module) => kernel.load_module(module),
        Action::UnloadModule(module) => kernel.unload_module(module),
        Action::Mount { fs_type, at } => kernel.mount(fs_type, at),
        Action::Unmount { at, if_empty, .. } => {
            // Somebody else's folders in it: it stays.
            if *if_empty && kernel.list(at)?.iter().any(|entry| entry.folder) { Ok(()) } else { kernel.unmount(at) }
        }
        Action::MakeFolder(path) => kernel.make_folder(path),
        Action::RemoveFolder(path) => remove_folder(kernel, path),
        Action::RemoveFile(path) => kernel.remove_file(path),
        Action::Write { file, older, value } => match (kernel.write(file, value), older) {
            (Err(error), Some(older)) if error.kind() == io::ErrorKind::NotFound => kernel.write(older, value),
            (result, _) => result,
        },
        Action::StartRegion { folder, device } => kernel.start_region(folder, device),
        Action::StopCounted { uuid, folder } => stop_counted(kernel, uuid, folder),
        Action::ForgetCount { uuid } => {
            let key = format!("{:#010x}", crate::found::count_key(uuid));
            succeed(kernel.run("ipcrm", &["-S".to_owned(), key], HB_CTL_DEADLINE), "ipcrm")
        }
        Action::OpenPort(opening) => run_all(kernel, opening.commands(true)),
        Action::ClosePort(opening) => run_all(kernel, opening.commands(false)),
        Action::EndProcess { pid, started, .. } => kernel.end_process(*pid, *started),
    }
}

fn remove_folder(kernel: &mut dyn Kernel, path: &str) -> io::Result<()> {
    let waits = path.starts_with("/sys/kernel/config/cluster/") && path.contains("/node/");
    let (tries, time) = PATIENCE;
    for _ in 0..if waits { tries } else { 0 } {
        match kernel.remove_folder(path) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::BUSY) => kernel.pause(time),
            result => return result,
        }
    }
    kernel.remove_folder(path)
}

fn stop_counted(kernel: &mut dyn Kernel, uuid: &str, folder: &str) -> io::Result<()> {
    for _ in 0..MOST_USERS {
        succeed(kernel.run(HB_CTL, &["-K".to_owned(), "-u".to_owned(), uuid.to_owned()], HB_CTL_DEADLINE), HB_CTL)?;
        if kernel.list(folder).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Ok(());
        }
    }
    Err(io::Error::other(format!("{MOST_USERS} users were counted down and the region is still there")))
}

fn run_all(kernel: &mut dyn Kernel, commands: Vec<crate::firewall::Command>) -> io::Result<()> {
    for (program, arguments) in commands {
        match kernel.run(program, &arguments, FIREWALL_DEADLINE) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(io::Error::other(format!("{program} is not installed; O2CB_FIREWALL asks for it")));
            }
            answer => succeed(answer, program)?,
        }
    }
    Ok(())
}

fn succeed(answer: io::Result<crate::program::Answer>, program: &str) -> io::Result<()> {
    match answer {
        Ok(answer) if answer.is_ok() => Ok(()),
        Ok(answer) => Err(io::Error::other(format!("{program}: {}", answer.complaint()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(io::Error::other(format!("{program} is not installed: without it what it shares with the C tools cannot be changed")))
        }
        Err(error) => Err(io::Error::other(format!("{program}: {}", errno::shown(&error)))),
    }
}
