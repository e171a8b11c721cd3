//! Machines of folders and images, for tests.

use crate::place::Place;
use formats::ocfs2_disk::{Extract, Storage as _};
use std::fs;
use std::os::unix::fs::{FileExt as _, symlink};
use std::path::Path;

/// A machine whose files lie in a folder that vanishes after the test.
pub(crate) struct Machine(tempfile::TempDir);

impl Machine {
    pub(crate) fn new() -> Machine {
        let machine = Machine(tempfile::tempdir().unwrap());
        machine.write("sys/class/block/.keep/dev", "");
        fs::remove_dir_all(machine.0.path().join("sys/class/block/.keep")).unwrap();
        fs::remove_dir(machine.0.path().join("sys/class/block")).unwrap();
        machine
    }

    pub(crate) fn place(&self) -> Place {
        Place::under(self.0.path(), None)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A disk without a device node.
    pub(crate) fn disk(&self, name: &str, size: u64) {
        self.device(&format!("sys/devices/{name}"), name, size, "");
        self.write(&format!("sys/devices/{name}/queue/logical_block_size"), "512\n");
    }

    pub(crate) fn partition(&self, disk: &str, name: &str, size: u64) {
        self.device(&format!("sys/devices/{disk}/{name}"), name, size, "1");
    }

    fn device(&self, folder: &str, name: &str, size: u64, partition: &str) {
        let number = name.bytes().fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 100_000;
        self.write(&format!("{folder}/dev"), &format!("8:{number}\n"));
        self.write(&format!("{folder}/size"), &format!("{}\n", size / 512));
        if !partition.is_empty() {
            self.write(&format!("{folder}/partition"), partition);
        }
        let class = self.0.path().join("sys/class/block");
        fs::create_dir_all(&class).unwrap();
        symlink(Path::new("../..").join(folder.trim_start_matches("sys/")), class.join(name)).unwrap();
    }

    /// Puts the bytes of an image of the formats' tests into the device node `name`; later [`Machine::overwrite`] changes it.
    pub(crate) fn image(&self, name: &str, image: &str) {
        let text = fs::read_to_string(format!("{}/../formats/testdata/ocfs2_disk/{image}.txt", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let mut extract = Extract::parse(&text).unwrap();
        self.write(&format!("dev/{name}"), "");
        let file = fs::OpenOptions::new().write(true).open(self.0.path().join("dev").join(name)).unwrap();
        file.set_len(extract.size).unwrap();
        let backup = extract.size > 1 << 30;
        for offset in (0..extract.size.min(64 << 20)).step_by(1 << 20).chain(backup.then_some(1 << 30)) {
            let bytes = extract.read(offset, 1 << 20).unwrap();
            if bytes.iter().any(|&byte| byte != 0) {
                file.write_all_at(&bytes, offset).unwrap();
            }
        }
    }

    pub(crate) fn overwrite(&self, name: &str, offset: u64, bytes: &[u8]) {
        let file = fs::OpenOptions::new().write(true).open(self.0.path().join("dev").join(name)).unwrap();
        file.write_all_at(bytes, offset).unwrap();
    }

    /// A disk with an image.
    pub(crate) fn volume(&self, name: &str, image: &str) {
        self.disk(name, 64 << 20);
        self.image(name, image);
    }
}
