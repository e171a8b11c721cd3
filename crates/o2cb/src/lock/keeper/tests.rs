//! Keepers of fake machines whose `/dlm` is no dlmfs, or whose kernel refuses.

use super::*;
use std::io::{BufReader, PipeWriter, pipe};
use std::sync::Mutex;

/// A node of an online cluster, which has dlmfs mounted, as it says.
fn machine() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("proc/self/mounts", "ocfs2_dlmfs /dlm ocfs2_dlmfs rw 0 0\n");
    put("sys/kernel/config/cluster/web/node/db1/local", "1\n");
    put("sys/kernel/config/cluster/web/heartbeat/80FECD61B9F243B8BC986F82D80A2D24/pid", "77\n");
    std::fs::create_dir(root.path().join("dlm")).unwrap();
    root
}

fn wish() -> Wish {
    Wish { domain: "web".into(), name: "a".into(), share: Share::Exclusive, way: Way::Queue, stay: false, linger: Duration::ZERO }
}

/// What is said, line by line; with the first line that says so, whoever asked goes away.
struct Asker<'a> {
    said: &'a Mutex<String>,
    goes_with: &'static str,
    requests: Option<PipeWriter>,
}

impl Write for Asker<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut said = self.said.lock().unwrap();
        *said += std::str::from_utf8(bytes).unwrap();
        if said.contains(self.goes_with) {
            self.requests = None;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a keeper says to one that goes away with this word.
fn said(root: &Path, dlmfs: Dlmfs, goes_with: &'static str) -> String {
    let (input, requests) = pipe().unwrap();
    let said = Mutex::new(String::new());
    let asker = Asker { said: &said, goes_with, requests: Some(requests) };
    assert!(!keep(&Place::under(root, None), dlmfs, &wish(), BufReader::new(input), asker));
    said.into_inner().unwrap()
}

fn nothing_is_left(root: &Path) {
    for folder in ["dlm", "run/o2cb/lock"] {
        assert_eq!(root.join(folder).read_dir().unwrap().count(), 0, "{folder}");
    }
}

#[test]
fn no_lock_is_granted_by_an_ordinary_folder() {
    let machine = machine();
    let told = said(machine.path(), Dlmfs::new(true), "cleared");
    assert!(told.starts_with("refused 66 /dlm: it is not in dlmfs"), "{told}");
    nothing_is_left(machine.path());
    // Nor one whose domain is there.
    std::fs::create_dir(machine.path().join("dlm/web")).unwrap();
    let told = said(machine.path(), Dlmfs::new(true), "granted");
    assert!(told.contains("refused 66 /dlm/web/a: it is not in dlmfs") && !told.contains("granted"), "{told}");
    std::fs::remove_dir(machine.path().join("dlm/web")).unwrap();
    nothing_is_left(machine.path());
    assert!(said(machine.path(), Dlmfs::new(false), "granted").ends_with("granted\nreleased\ncleared\n"));
}

#[test]
fn giving_up_while_nodes_die_leaves_nothing() {
    let machine = machine();
    let dying = Dlmfs { real: false, join: |_| Err(rustix::io::Errno::HOSTDOWN.into()) };
    assert_eq!(said(machine.path(), dying, "joining"), "joining\ncleared\n");
    nothing_is_left(machine.path());
    let refusing = Dlmfs { real: false, join: |_| Err(rustix::io::Errno::PROTO.into()) };
    assert!(said(machine.path(), refusing, "cleared").contains("refused 66 /dlm/web: EPROTO"));
    nothing_is_left(machine.path());
}
