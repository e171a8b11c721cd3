//! Whatever stops an editor, there is the old file or the new one; editors that meet lose nothing.

use super::replace::{Stage, Step};
use super::*;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::process::{Child, Command, Stdio};

const OLD: &[u8] = b"cluster:\n\tname = old\n\tnode_count = 0\n\n";
const NEW: &[u8] = b"cluster:\n\tname = new\n\tnode_count = 0\n\n# longer than the old one\n";

/// All steps, in their order.
fn stages(with_backup: bool) -> Vec<Stage> {
    let steps =
        [Step::Cleared, Step::Created, Step::HalfWritten, Step::Written, Step::Dressed, Step::Synced, Step::Renamed, Step::FolderSynced];
    let backup = steps.iter().filter(|_| with_backup).map(|step| Stage::Backup(*step));
    backup.chain(steps.iter().map(|step| Stage::File(*step))).collect()
}

/// This test program again, running one test only, as another process.
fn again(test: &str, variables: &[(&str, &str)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("config::file::tests::{test}"), "--nocapture"]).envs(variables.iter().copied());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn steps_are_made_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.conf");
    for (old, with_backup) in [(None, false), (Some(OLD), true)] {
        let mut seen = Vec::new();
        let new = if with_backup { NEW } else { OLD };
        LockedFile::lock(&path).unwrap().replace_with(old, new, &mut |stage| seen.push(stage)).unwrap();
        assert_eq!(seen, stages(with_backup));
    }
    assert_eq!(fs::read(folder.path().join("cluster.conf.bak")).unwrap(), OLD);
}

#[test]
fn an_editor_killed_at_any_step_leaves_the_old_file_or_the_new_one() {
    if let Ok(path) = std::env::var("O2CB_TEST_KILLED_FILE") {
        let kill_at: usize = std::env::var("O2CB_TEST_KILLED_STEP").unwrap().parse().unwrap();
        let mut step = 0;
        let file = LockedFile::lock(Path::new(&path)).unwrap();
        let _ = file.replace_with(Some(OLD), NEW, &mut |_| {
            if step == kill_at {
                let pid = std::process::id().to_string();
                Command::new("kill").args(["-9", &pid]).status().unwrap();
                std::process::abort();
            }
            step += 1;
        });
        return;
    }
    let stages = stages(true);
    for (step, stage) in stages.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cluster.conf");
        fs::write(&path, OLD).unwrap();
        let variables = [("O2CB_TEST_KILLED_FILE", path.to_str().unwrap()), ("O2CB_TEST_KILLED_STEP", &step.to_string())];
        let status = again("an_editor_killed_at_any_step_leaves_the_old_file_or_the_new_one", &variables).wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{stage:?}: {status}");
        let left = fs::read(&path).unwrap();
        let replaced = stage >= &Stage::File(Step::Renamed);
        assert_eq!(left, if replaced { NEW } else { OLD }, "{stage:?}");
        let backup = fs::read(folder.path().join("cluster.conf.bak"));
        assert!(backup.is_ok_and(|backup| backup == OLD) || stage < &Stage::Backup(Step::Renamed), "{stage:?}");
        // The lock went with the process, and what it left is no obstacle.
        let file = LockedFile::lock(&path).unwrap();
        file.replace(Some(&left), b"# next\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"# next\n", "{stage:?}");
        assert_eq!(fs::read(folder.path().join("cluster.conf.bak")).unwrap(), left, "{stage:?}");
        let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".cluster.conf.lock", "cluster.conf", "cluster.conf.bak"], "{stage:?}");
    }
}

/// Appends lines one by one, each under the lock.
fn append(path: &Path, who: &str, lines: usize) {
    for line in 0..lines {
        let file = LockedFile::lock(path).unwrap();
        let old = file.read().unwrap();
        let mut new = old.clone().unwrap_or_default();
        new.extend(format!("# {who} {line}\n").into_bytes());
        file.replace(old.as_deref(), &new).unwrap();
    }
}

const LINES: usize = 8;

#[test]
fn editors_in_processes_and_threads_lose_nothing() {
    if let Ok(path) = std::env::var("O2CB_TEST_SHARED_FILE") {
        append(Path::new(&path), &format!("process {}", std::process::id()), LINES);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.conf");
    let link = folder.path().join("link");
    symlink("cluster.conf", &link).unwrap();
    let variables = [("O2CB_TEST_SHARED_FILE", path.to_str().unwrap())];
    let children: Vec<Child> = (0..3).map(|_| again("editors_in_processes_and_threads_lose_nothing", &variables)).collect();
    std::thread::scope(|scope| {
        for thread in 0..3 {
            // Some by another name of the file.
            let path = if thread == 0 { &link } else { &path };
            scope.spawn(move || append(path, &format!("thread {thread}"), LINES));
        }
    });
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 6 * LINES, "{text}");
    assert_eq!(text.lines().collect::<std::collections::HashSet<_>>().len(), 6 * LINES);
}

#[test]
fn mode_owner_and_links_stay() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("real/cluster.conf");
    fs::create_dir(folder.path().join("real")).unwrap();
    fs::write(&real, OLD).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    let root = fs::metadata(&real).unwrap().uid() == 0;
    if root {
        std::os::unix::fs::chown(&real, Some(12345), Some(54321)).unwrap();
    } else {
        eprintln!("SKIPPED: not root, so no other owner was kept");
    }
    let (link, link_to_link) = (folder.path().join("link"), folder.path().join("link2"));
    symlink("real/cluster.conf", &link).unwrap();
    symlink(&link, &link_to_link).unwrap();
    LockedFile::lock(&link_to_link).unwrap().replace(Some(OLD), NEW).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && fs::symlink_metadata(&link_to_link).unwrap().is_symlink());
    assert_eq!(fs::read(&real).unwrap(), NEW);
    for path in [&real, &folder.path().join("real/cluster.conf.bak")] {
        let metadata = fs::metadata(path).unwrap();
        assert_eq!(metadata.mode() & 0o7777, 0o640);
        assert!(!root || (metadata.uid(), metadata.gid()) == (12345, 54321));
    }
    assert_eq!(fs::metadata(folder.path().join("real/.cluster.conf.lock")).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn labels_stay() {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let path = folder.path().join("cluster.conf");
    fs::write(&path, OLD).unwrap();
    let file = File::open(&path).unwrap();
    if rustix::fs::fsetxattr(&file, c"user.label", b"kept", rustix::fs::XattrFlags::empty()).is_err() {
        eprintln!("SKIPPED: no extended attributes on this file system");
        return;
    }
    LockedFile::lock(&path).unwrap().replace(Some(OLD), NEW).unwrap();
    let mut value = [0; 8];
    let length = rustix::fs::fgetxattr(File::open(&path).unwrap(), c"user.label", &mut value[..]).unwrap();
    assert_eq!(&value[..length], b"kept");
}

#[test]
fn a_first_file_is_readable_by_all_and_its_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ocfs2/cluster.conf");
    let file = LockedFile::lock(&path).unwrap();
    assert_eq!(file.read().unwrap(), None);
    file.replace(None, NEW).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o644);
    assert!(!folder.path().join("ocfs2/cluster.conf.bak").exists());
    // A link that leads nowhere yet is followed, too.
    let link = folder.path().join("link");
    symlink("ocfs2/other.conf", &link).unwrap();
    LockedFile::lock(&link).unwrap().replace(None, NEW).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(folder.path().join("ocfs2/other.conf")).unwrap(), NEW);
}

#[test]
fn a_change_by_somebody_who_does_not_lock_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.conf");
    fs::write(&path, OLD).unwrap();
    let file = LockedFile::lock(&path).unwrap();
    let result = file.replace_with(Some(OLD), NEW, &mut |stage| {
        if stage == Stage::File(Step::Dressed) {
            fs::write(&path, "# by hand\n").unwrap();
        }
    });
    assert!(matches!(result, Err(FileError::ChangedMeanwhile(_))), "{result:?}");
    assert_eq!(fs::read(&path).unwrap(), b"# by hand\n");
    assert!(!folder.path().join(".cluster.conf.new").exists());
}

#[test]
fn what_is_no_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(read(folder.path()), Err(FileError::NotAFile(_))));
    assert!(matches!(read(Path::new("/dev/null")), Err(FileError::NotAFile(_))));
    assert!(matches!(read(&folder.path().join("none")), Ok(None)));
    symlink("loop", folder.path().join("loop")).unwrap();
    assert!(matches!(LockedFile::lock(&folder.path().join("loop")), Err(FileError::Links(_))));
    let large = folder.path().join("large");
    File::create(&large).unwrap().set_len(LARGEST + 1).unwrap();
    assert!(matches!(read(&large), Err(FileError::TooLarge(_))));
}

#[test]
fn a_file_that_stays_the_same_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.conf");
    fs::write(&path, OLD).unwrap();
    let before = fs::metadata(&path).unwrap().ino();
    LockedFile::lock(&path).unwrap().replace(Some(OLD), OLD).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().ino(), before);
    assert!(!folder.path().join("cluster.conf.bak").exists());
}
