//! `o2cb volumes` as users run it, on images: beside the C tools where they are installed, and under strace.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use formats::ocfs2_disk::{Extract, Storage as _};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Arguments of `mkfs.ocfs2` for each image, and its size in MiB.
const IMAGES: [(&str, u64, &str); 10] = [
    ("local512", 64, "-b 512 -C 4K -M local -N 1 -L lone -J size=4M"),
    ("cluster512", 64, "-b 512 -C 4K -N 4 -L half --cluster-stack=o2cb --cluster-name=web -J size=4M"),
    ("cluster1k", 64, "-b 1K -C 8K -N 4 --cluster-stack=o2cb --cluster-name=averylongname123 -J size=4M"),
    ("global2k", 64, "-b 2K -C 4K -N 3 -L two --cluster-stack=o2cb --cluster-name=web --global-heartbeat -J size=4M"),
    ("metaecc4k", 200, "-b 4K -C 4K -N 4 -L sums --fs-features=metaecc,indexed-dirs --cluster-stack=o2cb --cluster-name=web -J size=4M"),
    ("extents", 64, "-b 1K -C 4K -N 4 --fs-features=noinline-data,metaecc --cluster-stack=o2cb --cluster-name=web -J size=4M"),
    ("plain", 200, "-b 512 -C 4K -N 16 --fs-features=noinline-data,noindexed-dirs --cluster-stack=o2cb --cluster-name=web -J size=4M"),
    ("classic", 64, "-b 4K -C 4K -N 2 -L old --fs-feature-level=max-compat -J size=4M"),
    ("pcmk", 64, "-b 4K -C 4K -N 2 -L other --cluster-stack=pcmk --cluster-name=hacluster -J size=4M"),
    ("heartbeat", 4, "-H -L hbvol1 --cluster-stack=o2cb --cluster-name=web --global-heartbeat"),
];

fn o2cb(arguments: &[&str], devices: &[PathBuf]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_o2cb")).arg("volumes").args(arguments).args(devices).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Whether the program is installed; says loudly if not, past the harness that swallows what tests print.
fn installed(program: &str, test: &str) -> bool {
    let found = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].iter().any(|folder| Path::new(folder).join(program).exists());
    if !found {
        let told = format!("\n*** SKIPPED: {test}: {program} is not installed ***\n");
        std::io::stderr().write_all(told.as_bytes()).unwrap();
    }
    found
}

fn tool(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin").env("LC_ALL", "C");
    command
}

/// An image of the formats' tests, as a file.
fn image(folder: &Path, name: &str) -> PathBuf {
    let text = fs::read_to_string(format!("{}/../formats/testdata/ocfs2_disk/{name}.txt", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut extract = Extract::parse(&text).unwrap();
    let path = folder.join(name);
    let file = fs::File::create(&path).unwrap();
    file.set_len(extract.size).unwrap();
    for offset in (0..extract.size).step_by(1 << 20) {
        let bytes = extract.read(offset, 1 << 20).unwrap();
        if bytes.iter().any(|&byte| byte != 0) {
            file.write_all_at(&bytes, offset).unwrap();
        }
    }
    path
}

#[test]
fn what_the_c_tools_say_of_images_is_what_we_say() {
    if !["mkfs.ocfs2", "mounted.ocfs2", "debugfs.ocfs2"].iter().all(|program| installed(program, "comparison with ocfs2-tools")) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (name, size, arguments) in IMAGES {
        let path = folder.path().join(name);
        fs::File::create(&path).unwrap().set_len(size << 20).unwrap();
        let made = tool("mkfs.ocfs2").args(["-q", "-F", "-x"]).args(arguments.split(' ')).arg(&path).output().unwrap();
        assert!(made.status.success(), "{name}: {}", stderr(&made));
        paths.push(path);
    }
    let full = o2cb(&["-f", "--json"], &paths);
    assert!(full.status.success(), "{}", stderr(&full));
    let full: serde_json::Value = serde_json::from_slice(&full.stdout).unwrap();
    for (index, path) in paths.iter().enumerate() {
        let name = path.display();
        let theirs = tool("mounted.ocfs2").arg("-d").arg(path).output().unwrap();
        let trimmed = |text: String| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        let ours = o2cb(&["-d"], &paths[index..=index]);
        assert!(ours.status.success(), "{}", stderr(&ours));
        assert_eq!(trimmed(stdout(&ours)), trimmed(stdout(&theirs)), "{name}");

        let volume = &full["volumes"][index];
        let block = first_block(path, "heartbeat").unwrap();
        if !name.to_string().ends_with("local512") && !name.to_string().ends_with("pcmk") {
            let offset = block * volume["block_size"].as_u64().unwrap();
            assert_eq!(volume["region"]["start_block"].as_u64().unwrap() * 512, offset, "{name}");
        }
        let features: Vec<&str> = volume["features"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let stats = debugfs(path, "stats -h");
        let mut named = 0;
        for line in stats.lines().filter(|line| line.contains("Feature ")) {
            for word in line.split(':').nth(1).unwrap().split_whitespace().skip(1) {
                assert!(features.contains(&word), "{name}: {word} in {features:?}");
                named += 1;
            }
        }
        assert_eq!(features.len(), named, "{name}");
    }
    // Nobody has mounted any of them.
    let empty = stdout(&o2cb(&["-f"], &paths));
    assert_eq!(empty.matches("Not mounted").count(), 9, "{empty}");
    assert_eq!(empty.matches("Heartbeat device").count(), 1, "{empty}");
    // Nodes that beat once and took slots, written where the C tools say that heartbeat and slot map are.
    for path in &paths {
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        let block_size = full["volumes"][paths.iter().position(|other| other == path).unwrap()]["block_size"].as_u64().unwrap();
        for (node, generation) in [(1u8, 0xa3f1_109e_9826_3e92), (0, 7), (254, 0)] {
            let offset = first_block(path, "heartbeat").unwrap() * block_size + u64::from(node) * 512;
            file.write_all_at(&beat(0x6b02_0756, node, generation), offset).unwrap();
        }
        if let Some(block) = first_block(path, "slot_map").filter(|_| !path.ends_with("classic")) {
            file.write_all_at(&[1, 0, 0, 0, 254, 0, 0, 0], block * block_size).unwrap();
        }
    }
    let full: serde_json::Value = serde_json::from_slice(&o2cb(&["-f", "--json"], &paths).stdout).unwrap();
    for (index, path) in paths.iter().enumerate().filter(|(_, path)| !path.ends_with("local512") && !path.ends_with("pcmk")) {
        let volume = &full["volumes"][index];
        let ours: Vec<String> = volume["heartbeat"]
            .as_array()
            .unwrap()
            .iter()
            .map(|slot| {
                let (node, seq) = (slot["node"].as_u64().unwrap(), slot["last_beat"].as_u64().unwrap());
                format!("{node}: {node} {seq:016x} {} {}", slot["generation"].as_str().unwrap(), slot["dead_ms"])
            })
            .collect();
        let theirs: Vec<String> = debugfs(path, "hb")
            .lines()
            .skip(1)
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                let words: Vec<_> = line.split_whitespace().collect();
                [words[0], words[1], words[2], words[3], words[5]].join(" ")
            })
            .collect();
        assert_eq!((ours.len(), &ours), (3, &theirs), "{}", path.display());
        let slots: Vec<u64> = volume["nodes"].as_array().into_iter().flatten().map(|node| node["node"].as_u64().unwrap()).collect();
        let theirs: Vec<u64> =
            debugfs(path, "slotmap").lines().skip(1).filter_map(|line| line.split_whitespace().nth(1)?.parse().ok()).collect();
        assert_eq!(slots, theirs, "{}", path.display());
    }
}

fn debugfs(path: &Path, command: &str) -> String {
    stdout(&tool("debugfs.ocfs2").args(["-R", command]).arg(path).output().unwrap())
}

/// Where `debugfs.ocfs2` finds the first extent of a system file, in blocks.
fn first_block(path: &Path, file: &str) -> Option<u64> {
    let stat = debugfs(path, &format!("stat //{file}"));
    stat.lines().rev().find(|line| line.trim_start().starts_with("0 "))?.split_whitespace().nth(3)?.parse().ok()
}

/// A heartbeat block as the kernel writes it.
fn beat(seq: u64, node: u8, generation: u64) -> [u8; 512] {
    let mut sector = [0; 512];
    sector[..8].copy_from_slice(&seq.to_le_bytes());
    sector[8] = node;
    sector[16..24].copy_from_slice(&generation.to_le_bytes());
    sector[24..28].copy_from_slice(&62_000u32.to_le_bytes());
    let checksum = formats::o2hb::Block::parse(&sector).unwrap().computed;
    sector[12..16].copy_from_slice(&checksum.to_le_bytes());
    sector
}

#[test]
fn exit_codes_and_what_is_told_of_devices() {
    let folder = tempfile::tempdir().unwrap();
    let volume = image(folder.path(), "o2cb1k");
    let empty = folder.path().join("empty");
    fs::write(&empty, vec![0; 1 << 20]).unwrap();
    let gone = folder.path().join("gone");
    let listed = o2cb(&[], &[gone.clone(), volume.clone()]);
    assert_eq!(listed.status.code(), Some(1));
    assert_eq!(stderr(&listed), format!("o2cb: {}: No such file or directory\n", gone.display()));
    let row = format!("{}  o2cb   web         E880624DB1594027BD7B0E5B240B064B  one-k", volume.display());
    assert_eq!(stdout(&listed).lines().nth(1).unwrap(), row);
    let none = o2cb(&[], std::slice::from_ref(&empty));
    assert_eq!((none.status.code(), stderr(&none)), (Some(1), format!("o2cb: {}: no OCFS2 volume\n", empty.display())));
    assert_eq!(stdout(&none), "Device   Stack  Cluster  F  UUID                              Label\n");
    let good = o2cb(&["--json"], &[volume]);
    assert_eq!(good.status.code(), Some(0));
    let json: serde_json::Value = serde_json::from_slice(&good.stdout).unwrap();
    assert_eq!((json["volumes"][0]["label"].as_str(), json["volumes"][0]["block_size"].as_u64()), (Some("one-k"), Some(1024)));
    assert_eq!(o2cb(&["-d", "-f"], &[]).status.code(), Some(2));
}

/// Slots whose nodes do not beat are not told as mounted, as `mounted.ocfs2 -f` does.
#[test]
fn slots_without_a_heartbeat_are_stale() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [image(folder.path(), "classic"), image(folder.path(), "heartbeat-only")];
    let full = o2cb(&["-f"], &paths);
    assert_eq!(full.status.code(), Some(0), "{}", stderr(&full));
    let text = stdout(&full);
    let rows: Vec<&str> = text.lines().collect();
    assert!(rows[0].ends_with("F  Nodes"), "{text}");
    assert!(rows[1].ends_with("1 (stale), 2 (stale)") || rows[1].contains("unknown"), "{text}");
    assert!(rows[2].ends_with("Heartbeat device"), "{text}");
}

#[test]
fn nothing_is_written_and_nothing_loaded() {
    if !installed("strace", "proof that volumes only reads") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let volume = image(folder.path(), "global2k");
    for arguments in [&["volumes", "-d"][..], &["volumes", "-f", "--json"], &["volumes", "-f"]] {
        let log = folder.path().join("log");
        let mut command = tool("strace");
        command.args([
            "-f",
            "-qq",
            "-e",
            "signal=none",
            "-e",
            "trace=%file,%net,init_module,finit_module,pwrite64,pwritev,ftruncate,fallocate,ioctl",
        ]);
        command.arg("-o").arg(&log).arg(env!("CARGO_BIN_EXE_o2cb")).args(arguments);
        // Once the named image and once all devices of the machine.
        let named = arguments.last() != Some(&"-f");
        let output = command.args(named.then_some(&volume)).output().unwrap();
        let log = fs::read_to_string(&log).unwrap();
        assert!(log.lines().count() > 10, "{log}{}", stderr(&output));
        for line in log.lines() {
            let call = line.split_once(' ').unwrap().1.trim_start();
            let name = call.split('(').next().unwrap();
            let harmless = match name {
                // The null device becomes a child's stderr.
                "open" | "openat" => {
                    !["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().any(|flag| call.contains(flag)) || call.contains("\"/dev/null\"")
                }
                "execve" => call.contains("/o2cb\"") || call.contains("\"/proc/self/exe\""),
                "ioctl" => ["BLKSSZGET", "TCGETS", "TIOCGWINSZ"].iter().any(|request| call.contains(request)),
                // How the standard library starts a child.
                "socketpair" | "recvfrom" | "recvmsg" | "sendto" | "sendmsg" => call.contains("AF_UNIX") || !call.contains("sa_family"),
                "stat" | "lstat" | "newfstatat" | "statx" | "access" | "faccessat" | "faccessat2" | "readlink" | "readlinkat"
                | "getcwd" | "statfs" => true,
                _ => line.contains("<... ") || line.contains("+++") || line.contains("---"),
            };
            assert!(harmless, "{line}");
        }
    }
}
