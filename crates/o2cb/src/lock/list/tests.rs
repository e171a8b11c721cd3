use super::*;
use crate::kernel::model::ModelKernel;

const STATE: &str = "Domain: web  Key: 0x1  Protocol: 1.3\nThread Pid: 190  Node: 1  State: JOINED\nNumber of Joins: 1  Joining Node: 255\n\
                     Domain Map: 1 2 \nExit Domain Map: \nLive Map: 1 2 3 \n";
const LOCKS: &str = "NAME:backup\nLRES:1,1,0,0,0,0,0,0,0,0,5\nRMAP:2 \nLVBX:\nLOCK:1,0,5,-1,1,1:148,0,0,0,0,0,0,0,0,2\n\
                     LOCK:1,2,3,-1,2,2:141,0,0,0,0,0,0,0,0,2\n\nNAME:Nightly00000000\nLRES:1,2,0,0,0,0,0,0,0,0,5\nRMAP:\n\
                     LOCK:1,1,3,5,1,1:7,0,0,0,0,0,0,0,0,2\n\n";

fn kernel() -> ModelKernel {
    let mut kernel = ModelKernel::new();
    kernel.mounts.push(("ocfs2_dlmfs".to_owned(), "/dlm".to_owned()));
    kernel.put("/proc/self/mounts", "ocfs2_dlmfs /dlm ocfs2_dlmfs rw 0 0\n");
    kernel.user_domains.insert("web".to_owned(), ["backup".to_owned(), "Nightly".to_owned()].into());
    kernel.put("/sys/kernel/debug/o2dlm/web/dlm_state", STATE);
    kernel.put("/sys/kernel/debug/o2dlm/web/locking_state", LOCKS);
    kernel.process(70, "o2cb", 700, "mnt:[1]", "40 35 0:44 / /dlm rw - ocfs2_dlmfs ocfs2_dlmfs rw\n");
    kernel.open_file(70, 3, "/dlm/web/backup", 40);
    kernel
}

#[test]
fn who_holds_and_who_waits() {
    let text = text::table(&listing(&kernel(), None).unwrap());
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    assert_eq!(lines[0], "domain web: joined, nodes 1, 2, this is 1", "{text}");
    let cells = |line: &str| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(cells(lines[2]), ["Nightly", "2", "1", "PR", "waits for EX"]);
    assert_eq!(cells(lines[3]), ["backup", "1", "1", "EX", "granted", "70 (o2cb)"]);
    assert_eq!(cells(lines[4]), ["2", "-", "waits for PR"]);
    assert!(text.contains("this node's entry only") && text.contains("are not shown"));
}

#[test]
fn the_same_as_json() {
    let document = json::document(&listing(&kernel(), Some("web")).unwrap());
    let locks = &document["domains"][0]["locks"];
    assert_eq!((&locks[0]["complete"], &locks[1]["complete"]), (&false.into(), &true.into()));
    assert_eq!(locks[1]["entries"][1]["requested"], "PR");
    assert_eq!(locks[1]["entries"][1]["mode"], serde_json::Value::Null);
    assert_eq!(locks[1]["processes"][0]["pid"], 70);
}

#[test]
fn what_cannot_be_seen_is_told() {
    assert!(listing(&kernel(), Some("mail")).unwrap_err().contains("not in such a domain"));
    let mut hidden = kernel();
    hidden.root = false;
    let listing = listing(&hidden, None).unwrap();
    assert!(listing.domains[0].problem.as_ref().unwrap().contains("root"));
    assert!(text::table(&listing).contains("told to root only"));
    hidden.put("/proc/self/mounts", "");
    assert!(super::listing(&hidden, None).unwrap_err().contains("o2cb load"));
}

#[test]
fn names_as_the_kernel_prints_them() {
    assert_eq!(printed(b"backup"), b"backup");
    assert_eq!(printed(b"Nightly"), b"Nightly00000000");
    assert_eq!(printed(b"N0123456789abcdefghijklmnop"), b"N0123456789abcdef6c6d6e6f");
}
