//! Modules and file systems, as the init script loads and unloads them.

use super::Plan;
use crate::found::{Filesystem, Found, Seen};
use crate::kernel::{CONFIGFS, DEBUGFS, DLMFS};
use crate::step::{Action, Undo};

const STAYS: Undo = Undo::Stays("modules and mounts stay loaded: they do no harm, and `o2cb unload` takes them away");
const RESUMES: Undo = Undo::Stays("running it again goes on from here");

fn mount(fs_type: &str, at: &str) -> Action {
    Action::Mount { fs_type: fs_type.to_owned(), at: at.to_owned() }
}

/// Loads what the stack needs and mounts configfs, dlmfs and debugfs.
pub fn load(found: &Found) -> Plan {
    let mut plan = Plan::default();
    if found.debugfs.mounted == Seen::Is(false) {
        // Without it the stack works; much of what `status` tells is missing.
        plan.optional(None, mount("debugfs", DEBUGFS), STAYS, "mount debugfs, where the kernel tells of heartbeats and domains");
    }
    filesystem(&mut plan, &found.configfs, "configfs", CONFIGFS);
    if found.plugins == Seen::Absent {
        plan.step(None, Action::LoadModule("ocfs2_stackglue".to_owned()), STAYS, "load the glue between OCFS2 and its cluster stack");
    }
    if !found.plugin("o2cb") {
        let line = plan.line("Loading stack plugin \"o2cb\": ");
        let what = "load O2CB: node manager, heartbeat, network and DLM";
        plan.step(line, Action::LoadModule("ocfs2_stack_o2cb".to_owned()), STAYS, what);
    }
    filesystem(&mut plan, &found.dlmfs, "ocfs2_dlmfs", DLMFS);
    plan
}

fn filesystem(plan: &mut Plan, found: &Filesystem, fs_type: &str, at: &str) {
    if found.driver != Seen::Is(true) {
        let line = plan.line(format!("Loading filesystem \"{fs_type}\": "));
        plan.step(line, Action::LoadModule(fs_type.to_owned()), STAYS, format!("load file system {fs_type}"));
    }
    if found.mounted != Seen::Is(true) {
        // sysfs brings the folder of configfs together with its module.
        if !found.folder && fs_type != "configfs" {
            let line = plan.line(format!("Creating directory '{at}': "));
            plan.step(line, Action::MakeFolder(at.to_owned()), STAYS, format!("make the folder on which {fs_type} is mounted"));
        }
        let line = plan.line(format!("Mounting {fs_type} filesystem at {at}: "));
        plan.step(line, mount(fs_type, at), STAYS, format!("mount {fs_type}"));
    }
}

/// Unmounts dlmfs and unloads the modules of the stack. `offline`: the cluster is gone by then.
pub fn unload(found: &Found, offline: bool) -> Plan {
    let mut plan = Plan::default();
    if !offline && let Some(cluster) = found.cluster() {
        plan.block("unload modules", format!("Unable to unload modules as O2CB cluster {} is still online", cluster.name));
        return plan;
    }
    // Taking the cluster offline has unloaded it already, if there was one.
    if !offline && found.module_uses("ocfs2") == Some(0) {
        module(&mut plan, found, "ocfs2");
    }
    if found.dlmfs.mounted == Seen::Is(true) {
        let line = plan.line("Unmounting ocfs2_dlmfs filesystem: ");
        let action = Action::Unmount { fs_type: "ocfs2_dlmfs".to_owned(), at: DLMFS.to_owned(), if_empty: false };
        plan.step(line, action, RESUMES, "unmount dlmfs");
    }
    module(&mut plan, found, "ocfs2_dlmfs");
    for plugin in found.plugins.is().into_iter().flatten() {
        module(&mut plan, found, &format!("ocfs2_stack_{plugin}"));
    }
    // These mostly go together with what needed them; each may also be built into the kernel.
    for rest in ["ocfs2_stackglue", "ocfs2_dlm", "ocfs2_nodemanager"] {
        if found.module(rest) == Some(true) {
            plan.optional(None, Action::UnloadModule(rest.to_owned()), RESUMES, format!("unload module {rest}, if it is still there"));
        }
    }
    if found.configfs.mounted == Seen::Is(true) {
        let action = Action::Unmount { fs_type: "configfs".to_owned(), at: CONFIGFS.to_owned(), if_empty: true };
        plan.optional(None, action, RESUMES, "unmount configfs, unless others use it");
    }
    plan
}

pub(super) fn module(plan: &mut Plan, found: &Found, module: &str) {
    if found.module(module) == Some(true) {
        let line = plan.line(format!("Unloading module \"{module}\": "));
        plan.step(line, Action::UnloadModule(module.to_owned()), RESUMES, format!("unload module {module}"));
    }
}
