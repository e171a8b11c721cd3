//! Makes as many locks on a node as are asked for, and looks whether they are there.

use crate::lab::Lab;
use crate::{progress, ssh};
use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use std::time::Duration;

/// How long making or listing many locks may take.
const LONG: Duration = Duration::from_secs(3600);
/// An inode's metadata, open and write lock, and its name's.
const LOCKS_PER_FILE: f64 = 4.0;
/// So many times files are added.
const BATCHES: u32 = 6;
/// What counts as enough of the locks that were asked for; fewer than `LEAST` of them is a failure.
const ENOUGH: f64 = 0.98;
const LEAST: f64 = 0.9;

/// Many files in a directory, so that a node has many locks.
pub struct Locks<'l> {
    lab: &'l Lab,
    node: u8,
    uuid: &'l str,
    directory: String,
    /// Batches of files so far.
    batches: u32,
    /// The largest batch: its directory and how many files it has.
    largest: (String, u64),
}

impl<'l> Locks<'l> {
    /// None of ours so far: what an earlier run left in `directory` is removed.
    pub fn none(lab: &'l Lab, node: u8, uuid: &'l str, directory: &str) -> anyhow::Result<Locks<'l>> {
        let locks = Locks { lab, node, uuid, directory: directory.to_owned(), batches: 0, largest: (String::new(), 0) };
        locks.remove()?;
        // What others used before has locks, too, for as long as its inodes are kept.
        lab.ssh.run(node, &format!("mkdir {}; sync; echo 2 >/proc/sys/vm/drop_caches", ssh::quote(directory)), LONG)?;
        Ok(locks)
    }

    /// Removes all files.
    pub fn remove(&self) -> anyhow::Result<()> {
        self.lab.ssh.run(self.node, &format!("rm -rf {}", ssh::quote(&self.directory)), LONG)?;
        Ok(())
    }

    /// How many locks the node has, by repeated readings.
    pub fn count(&self) -> anyhow::Result<u64> {
        let said = self.lab.ssh.run(self.node, &format!("lab-guest locks {} | tail -n 1", self.uuid), LONG)?;
        let summary: Value = serde_json::from_str(&said).with_context(|| said.clone())?;
        summary.get("locks").and_then(Value::as_u64).with_context(|| format!("lab-guest locks: {said}"))
    }

    /// Adds files until the node has `wanted` locks, at least `least` in one directory. Returns how many locks it has.
    pub fn grow(&mut self, wanted: u64, least: u64) -> anyhow::Result<u64> {
        let mut have = self.count()?;
        let mut per_file = LOCKS_PER_FILE;
        let last = self.batches + BATCHES;
        while ((have as f64) < wanted as f64 * ENOUGH || self.largest.1 < least) && self.batches < last {
            let files = ((wanted.saturating_sub(have) as f64 / per_file).ceil() as u64).max(least);
            let folder = format!("{}/{}", self.directory, self.batches);
            progress::say(&format!("{have} locks; making {files} files for {wanted}"));
            self.lab.ssh.run(self.node, &format!("lab-guest work mass {} --files {files}", ssh::quote(&folder)), LONG)?;
            self.batches += 1;
            if files > self.largest.1 {
                self.largest = (folder, files);
            }
            let now = self.count()?;
            per_file = (now.saturating_sub(have) as f64 / files as f64).max(0.1);
            have = now;
        }
        if (have as f64) < wanted as f64 * LEAST {
            bail!(
                "node{} keeps only {have} of {wanted} locks: its inodes are evicted; start the lab with more memory: cargo xtask lab up --memory 1500",
                self.node
            );
        }
        Ok(have)
    }

    /// How many files the largest directory has.
    pub fn largest(&self) -> u64 {
        self.largest.1
    }

    /// A command line of the node's shell that uses the metadata locks of `files` files over and over until its standard
    /// input is closed.
    pub fn use_some(&self, files: u64) -> anyhow::Result<String> {
        let (folder, most) = &self.largest;
        ensure!(*most >= files, "only {most} files in one directory, wanted {files}");
        let once = format!("lab-guest work mass {} --do stat --files {files} >/dev/null 2>&1", ssh::quote(folder));
        Ok(format!("(while :; do {once}; sleep 0.3; done) & cat >/dev/null; kill $!"))
    }
}
