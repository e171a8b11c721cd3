//! That the model keeps the rules that were measured.

use super::*;

fn online() -> ModelKernel {
    let mut kernel = ModelKernel::new();
    kernel.load("ocfs2_stack_o2cb").unwrap();
    kernel.mount("configfs", "/sys/kernel/config").unwrap();
    kernel.make_folder(C).unwrap();
    kernel
}

const C: &str = "/sys/kernel/config/cluster/web";

fn code(result: io::Result<()>) -> Option<i32> {
    result.err().and_then(|error| error.raw_os_error())
}

#[test]
fn attributes_of_a_node_come_in_order_and_once() {
    let mut kernel = online();
    kernel.make_folder(&format!("{C}/node/db1")).unwrap();
    let mut write = |file: &str, value: &str| code(kernel.write(&format!("{C}/node/db1/{file}"), value));
    assert_eq!(write("num", "1"), Some(EINVAL));
    assert_eq!(write("ipv4_port", "65535"), Some(ERANGE));
    assert_eq!(write("ipv4_port", "7777"), None);
    assert_eq!(write("ipv4_port", "7777"), Some(EBUSY));
    assert_eq!(write("ipv4_address", "10.9.0.1"), None);
    assert_eq!(write("ipv4_address", "10.9.0.1"), Some(EEXIST));
    assert_eq!(write("local", "1"), Some(EINVAL));
    assert_eq!(write("num", "255"), Some(ERANGE));
    assert_eq!(write("num", "1"), None);
    assert_eq!(write("local", "1"), None);
    assert_eq!(code(kernel.make_folder("/sys/kernel/config/cluster/other")), Some(ENOSPC));
    assert_eq!(code(kernel.remove_folder(C)), Some(ENOTEMPTY));
}

#[test]
fn the_threshold_is_ignored_in_silence_and_survives_the_cluster() {
    let mut kernel = online();
    kernel.write(&format!("{C}/heartbeat/dead_threshold"), "2").unwrap();
    assert_eq!(kernel.threshold, 31);
    kernel.write(&format!("{C}/heartbeat/dead_threshold"), "61").unwrap();
    kernel.make_folder(&format!("{C}/heartbeat/A")).unwrap();
    kernel.write(&format!("{C}/heartbeat/dead_threshold"), "31").unwrap();
    kernel.write(&format!("{C}/heartbeat/mode"), "global").unwrap();
    kernel.remove_folder(&format!("{C}/heartbeat/A")).unwrap();
    kernel.remove_folder(C).unwrap();
    kernel.make_folder(C).unwrap();
    assert_eq!(kernel.read(&format!("{C}/heartbeat/dead_threshold")).unwrap(), b"61\n");
    assert_eq!(kernel.read(&format!("{C}/heartbeat/mode")).unwrap(), b"local\n");
    kernel.remove_folder(C).unwrap();
    kernel.unload("ocfs2_stack_o2cb").unwrap();
    assert_eq!((kernel.threshold, kernel.modules.len()), (31, 1), "configfs stays, it is mounted");
}

#[test]
fn timeouts_and_the_fence_method() {
    let mut kernel = online();
    let mut write = |file: &str, value: &str| code(kernel.write(&format!("{C}/{file}"), value));
    assert_eq!(write("idle_timeout_ms", "2000"), Some(EINVAL));
    assert_eq!(write("keepalive_delay_ms", "30000"), Some(EINVAL));
    assert_eq!(write("idle_timeout_ms", "4294967295"), Some(ERANGE));
    assert_eq!(write("idle_timeout_ms", "0x4000"), None);
    assert_eq!(write("fence_method", "panic"), Some(EINVAL));
    assert_eq!(write("fence_method", "Panic\n"), None);
}
