//! Modules with their needs and use counts, and the programs that are run.

use super::{EBUSY, ModelKernel};
use crate::program::Answer;
use std::io;

/// A module and what it needs.
const NEEDS: [(&str, &[&str]); 7] = [
    ("configfs", &[]),
    ("ocfs2_nodemanager", &["configfs"]),
    ("ocfs2_stackglue", &[]),
    ("ocfs2_dlm", &["ocfs2_nodemanager"]),
    ("ocfs2_stack_o2cb", &["ocfs2_stackglue", "ocfs2_dlm"]),
    ("ocfs2_dlmfs", &["ocfs2_stackglue", "ocfs2_nodemanager"]),
    ("ocfs2", &["ocfs2_stackglue", "ocfs2_nodemanager"]),
];

fn needs(module: &str) -> &'static [&'static str] {
    NEEDS.iter().find(|(name, _)| *name == module).map_or(&[], |(_, needs)| needs)
}

impl ModelKernel {
    /// How many things use it.
    pub fn uses(&self, module: &str) -> u64 {
        let modules = self.modules.iter().filter(|other| needs(other).contains(&module)).count();
        let items = self.cluster.as_ref().map_or(0, |cluster| 1 + cluster.nodes.len() + cluster.regions.len());
        let own = match module {
            "configfs" => usize::from(self.is_mounted("configfs")),
            "ocfs2_nodemanager" => items,
            "ocfs2_dlmfs" => self.mounts.iter().filter(|(fs_type, _)| fs_type == "ocfs2_dlmfs").count(),
            "ocfs2_stack_o2cb" => self.domains().len(),
            "ocfs2" => self.volumes.len(),
            _ => 0,
        };
        (modules + own) as u64
    }

    pub(super) fn load(&mut self, module: &str) -> io::Result<()> {
        if self.no_such_module.contains(module) {
            return Err(io::Error::other(format!("modprobe: FATAL: Module {module} not found in directory /lib/modules/6.1.0")));
        }
        for need in needs(module) {
            self.load(need)?;
        }
        self.modules.insert(module.to_owned());
        Ok(())
    }

    pub(super) fn unload(&mut self, module: &str) -> io::Result<()> {
        if !self.modules.contains(module) {
            return Ok(());
        }
        if self.uses(module) > 0 {
            return Err(io::Error::other(format!("modprobe: FATAL: Module {module} is in use. {EBUSY}")));
        }
        self.modules.remove(module);
        if module == "ocfs2_nodemanager" {
            (self.threshold, self.global) = (31, false);
        }
        for need in needs(module).iter().filter(|need| self.modules.contains(**need) && self.uses(need) == 0).collect::<Vec<_>>() {
            self.unload(need)?;
        }
        Ok(())
    }

    pub(super) fn program(&mut self, program: &str, arguments: &[String]) -> io::Result<Answer> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let done = |stdout: String| Ok(Answer { code: Some(0), stdout, stderr: String::new() });
        match (program, words.as_slice()) {
            ("/sbin/ocfs2_hb_ctl", _) if !self.hb_ctl => Err(io::ErrorKind::NotFound.into()),
            ("/sbin/ocfs2_hb_ctl", ["-I", "-u", uuid]) => done(format!("{uuid}: {} refs\n", self.counts.get(*uuid).unwrap_or(&0))),
            ("/sbin/ocfs2_hb_ctl", ["-K", "-u", uuid]) => {
                // In global mode the C library leaves regions alone.
                if self.global {
                    return done(String::new());
                }
                let refs = self.counts.get(*uuid).copied().unwrap_or(0).saturating_sub(1);
                self.counts.insert((*uuid).to_owned(), refs);
                if refs > 0 {
                    return done(String::new());
                }
                let cluster = self.cluster.as_ref().map(|cluster| cluster.name.clone()).unwrap_or_default();
                if self.remove_item(&format!("{cluster}/heartbeat/{uuid}")).is_err() {
                    let stderr = "ocfs2_hb_ctl: Heartbeat region in use while stopping heartbeat".to_owned();
                    return Ok(Answer { code: Some(1), stderr, ..Answer::default() });
                }
                self.counts.remove(*uuid);
                done(String::new())
            }
            ("ipcrm", ["-S", key]) => {
                let key = key.strip_prefix("0x").and_then(|hex| u32::from_str_radix(hex, 16).ok());
                self.counts.retain(|uuid, _| Some(crate::found::count_key(uuid)) != key);
                done(String::new())
            }
            ("/usr/bin/firewall-cmd", words) if self.firewall_programs => Ok(self.firewall_cmd(words)),
            ("/usr/sbin/ufw", words) if self.firewall_programs => Ok(self.ufw(words)),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}
