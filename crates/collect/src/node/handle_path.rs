//! Asks this machine's kernel for the path of an inode by its file handle (`open_by_handle_at(2)`, then `/proc/self/fd`).
//!
//! Where the inode is in memory and was reached by its path, the kernel knows the names and no lock of it is taken. But the question
//! begins at the mount point, whose own lock is needed, and a directory without a name is looked up in its parents, which takes theirs
//! (`reconnect_path`, `fs/exportfs/expfs.c`). So a child asks, and is killed if it hangs.
//!
//! No library offers this call to safe Rust yet (rustix: pull request 1517; nix: not at all), so the child is Python's: it is on nearly
//! every cluster node, since fence agents and pcs or crmsh are written in it. Where it is not, no path is told, and that is said.

use super::child::{self, Ended};
use formats::file_handle::FileHandle;
use std::io;
use std::process::Command;
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// How long a child may take: Python itself starts slowly on a busy node.
const DEADLINE: Duration = Duration::from_secs(2);
/// Where Python is: by full path, as root must not run what some PATH names.
const PYTHONS: [&str; 3] = ["/usr/bin/python3", "/usr/libexec/platform-python", "/usr/local/bin/python3"];
/// Says `path PATH` or `error WORDS`. With `O_PATH` the file itself is not opened, and nothing can be done to it.
const SCRIPT: &str = r#"
import ctypes, os, sys
out = sys.stdout.buffer
mount, kind, data = os.fsencode(sys.argv[1]), int(sys.argv[2]), bytes.fromhex(sys.argv[3])
class Handle(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint), ("kind", ctypes.c_int), ("data", ctypes.c_ubyte * len(data))]
handle = Handle(len(data), kind, (ctypes.c_ubyte * len(data))(*data))
call = ctypes.CDLL(None, use_errno=True).open_by_handle_at
call.argtypes = [ctypes.c_int, ctypes.POINTER(Handle), ctypes.c_int]
call.restype = ctypes.c_int
try:
    where = os.open(mount, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    got = call(where, ctypes.byref(handle), os.O_PATH | os.O_CLOEXEC)
    if got < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    out.write(b"path " + os.readlink(b"/proc/self/fd/%d" % got))
except OSError as error:
    out.write(b"error " + os.fsencode("%s (errno %d)" % (error.strerror, error.errno)))
"#;

/// What came of a question.
#[derive(Debug)]
pub enum Answer {
    /// The path, or why there is none.
    Told(Result<String, String>),
    /// No answer in time: the asking child hangs in the kernel until this channel is closed.
    Late(Receiver<()>),
}

/// Asks for the path of `handle` on the file system mounted at `mount`.
pub fn ask(mount: &str, handle: &FileHandle) -> Answer {
    for python in PYTHONS {
        let mut command = Command::new(python);
        command.args(["-I", "-S", "-c", SCRIPT, mount, &handle.kind.to_string(), &handle.hex()]);
        match child::run(&mut command, Vec::new(), DEADLINE) {
            Ok(Ended::Said(said)) => return Answer::Told(understood(&String::from_utf8_lossy(&said), mount)),
            Ok(Ended::Late(gone)) => return Answer::Late(gone),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Answer::Told(Err(format!("{python}: {error}"))),
        }
    }
    Answer::Told(Err("asking for it by file handle needs python3, which this node does not have".to_owned()))
}

/// In how many seconds an answer is given up.
pub fn deadline_s() -> u64 {
    DEADLINE.as_secs()
}

/// What the child said. An inode in memory that was reached by no path has no name there: its path is then none of the mount's.
fn understood(said: &str, mount: &str) -> Result<String, String> {
    if let Some(why) = said.strip_prefix("error ") {
        return Err(match why {
            _ if why.contains("(errno 116)") => format!("no such inode any more, or another one under its number: {why}"),
            _ if why.contains("(errno 1)") => format!("asking for it by file handle needs CAP_DAC_READ_SEARCH: {why}"),
            _ => why.to_owned(),
        });
    }
    let path = said.strip_prefix("path ").ok_or_else(|| "the asking child ended without an answer".to_owned())?;
    let rest = if mount == "/" { Some("/") } else { path.strip_prefix(mount) };
    match rest {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => Ok(path.to_owned()),
        _ => Err("the inode is in memory, but nothing on this node has reached it by a path lately".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_what_they_mean() {
        assert_eq!(understood("path /mnt/gfs2/a b", "/mnt/gfs2"), Ok("/mnt/gfs2/a b".to_owned()));
        assert_eq!(understood("path /mnt/gfs2", "/mnt/gfs2"), Ok("/mnt/gfs2".to_owned()));
        for (said, why) in [
            ("path /", "by a path"),
            ("path /mnt/gfs22/a", "by a path"),
            ("error Stale file handle (errno 116)", "no such inode any more"),
            ("error Operation not permitted (errno 1)", "CAP_DAC_READ_SEARCH"),
            ("error Input/output error (errno 5)", "Input/output error"),
            ("", "without an answer"),
        ] {
            let told = understood(said, "/mnt/gfs2").unwrap_err();
            assert!(told.contains(why), "{said}: {told}");
        }
    }

    /// A handle of a real file of this machine's tmpfs, as its kernel gives it.
    fn real_handle(file: &std::path::Path) -> Option<FileHandle> {
        const SCRIPT: &str = "import ctypes,sys\nb=(ctypes.c_ubyte*136)()\nb[0]=128\nm=ctypes.c_int()\n\
                              r=ctypes.CDLL(None).name_to_handle_at(-100,sys.argv[1].encode(),b,ctypes.byref(m),0)\n\
                              d=bytes(b)\nn=int.from_bytes(d[:4],'little')\n\
                              print(int.from_bytes(d[4:8],sys.byteorder),d[8:8+n].hex()) if r==0 else sys.exit(1)";
        let said = Command::new("python3").args(["-c", SCRIPT]).arg(file).output().ok().filter(|said| said.status.success())?;
        let said = String::from_utf8(said.stdout).ok()?;
        let (kind, hex) = said.trim().split_once(' ')?;
        let bytes = (0..hex.len() / 2).filter_map(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()).collect();
        Some(FileHandle { kind: kind.parse().ok()?, bytes })
    }

    #[test]
    fn this_kernel_is_asked_for_a_real_file() {
        // Where tests run without /dev/shm or Python there is nothing to ask.
        let Ok(file) = tempfile::Builder::new().prefix("dlmtop path ").tempfile_in("/dev/shm") else { return };
        let Some(handle) = real_handle(file.path()) else { return };
        match ask("/dev/shm", &handle) {
            Answer::Told(Ok(path)) => assert_eq!(path, file.path().to_string_lossy()),
            Answer::Told(Err(why)) => assert!(why.contains("CAP_DAC_READ_SEARCH"), "{why}"),
            // On a machine that is busy with other things.
            Answer::Late(_) => {}
        }
        let wrong = FileHandle { bytes: handle.bytes.iter().map(|byte| !byte).collect(), ..handle };
        assert!(!matches!(ask("/dev/shm", &wrong), Answer::Told(Ok(_))));
    }
}
