//! Whether this kernel can be a node at all.

use crate::doctor::check::{Finding, Verdict};
use crate::doctor::facts::Facts;
use crate::doctor::facts::kernel::KernelFacts;

pub fn judge(facts: &Facts) -> Verdict {
    let kernel = &facts.kernel;
    let release = kernel.release.is().cloned().unwrap_or_default();
    if kernel.running {
        return Verdict::Fine(format!("Linux {release} has it loaded or built in"));
    }
    if kernel.has_o2cb == Some(true) {
        return Verdict::Fine(format!("/lib/modules/{release} has ocfs2_nodemanager; it is not loaded"));
    }
    if release.is_empty() {
        return Verdict::Unknown(format!("the kernel's release: {}", kernel.release.words(Clone::clone)), Vec::new());
    }
    if !kernel.modules_folder {
        let finding = Finding::trouble(format!("the modules of the kernel that runs are gone: there is no /lib/modules/{release}"))
            .because("the kernel was updated and the machine not restarted since, or this is a container: nothing more can be loaded")
            .fixed_by("restart the machine into the new kernel");
        return Verdict::Findings(vec![finding]);
    }
    let Some(false) = kernel.has_o2cb else {
        return Verdict::Unknown(format!("/lib/modules/{release} has neither modules.dep nor modules.builtin"), Vec::new());
    };
    let mut finding = Finding::trouble(format!("the kernel {release} has no OCFS2"))
        .seen(format!("/lib/modules/{release}/modules.dep names no ocfs2_nodemanager"))
        .because(cause(kernel, &release));
    if let Some(configured) = &kernel.configured {
        finding = finding.seen(format!("/boot/config-{release}: CONFIG_OCFS2_FS_O2CB is {configured}"));
    }
    if let Some(lockdown) = kernel.lockdown.as_ref().filter(|word| *word != "none") {
        finding = finding.seen(format!("the kernel is locked down ({lockdown}): modules must be signed"));
    }
    Verdict::Findings(vec![finding.fixed_by(package(kernel, &release))])
}

fn cause(kernel: &KernelFacts, release: &str) -> String {
    let os = kernel.os_name.as_deref().unwrap_or("this distribution");
    match kernel.os.as_deref() {
        Some("debian" | "ubuntu") if release.contains("cloud") => format!("the cloud kernels of {os} are built without OCFS2"),
        Some("rhel" | "centos" | "rocky" | "almalinux") => format!("the kernels of {os} are built without OCFS2"),
        Some("fedora" | "ubuntu" | "sles" | "sles_sap" | "opensuse-leap") => format!("{os} keeps ocfs2 in a package of its own"),
        _ => "it was built without it, or a package of its own holds it".to_owned(),
    }
}

/// What brings OCFS2 to a distribution.
fn package(kernel: &KernelFacts, release: &str) -> String {
    match kernel.os.as_deref() {
        Some("debian") => "apt install linux-image-amd64, and start that kernel".to_owned(),
        Some("ubuntu") if release.contains("kvm") || release.contains("cloud") => {
            "apt install linux-image-generic linux-modules-extra-generic, and start that kernel".to_owned()
        }
        Some("ubuntu") => format!("apt install linux-modules-extra-{release}"),
        Some("rhel" | "centos" | "rocky" | "almalinux") => {
            "use a kernel that has it: Oracle's UEK (kernel-uek of Oracle Linux), or one that you build with CONFIG_OCFS2_FS_O2CB=m"
                .to_owned()
        }
        Some("fedora") => format!("dnf install kernel-modules-extra-{release}"),
        Some("ol") => {
            "dnf install kernel-uek kernel-uek-modules-extra ocfs2-tools, and start that kernel: the Red Hat compatible one has no OCFS2"
                .to_owned()
        }
        Some("sles" | "sles_sap") => "zypper install ocfs2-kmp-default, of the High Availability extension".to_owned(),
        Some("opensuse-leap") => "zypper install ocfs2-kmp-default".to_owned(),
        _ => "use a kernel with CONFIG_OCFS2_FS=m and CONFIG_OCFS2_FS_O2CB=m".to_owned(),
    }
}
