//! Names of domains and locks: what the kernel takes, told before it is asked (`dlmfs_mkdir` and `dlmfs_create`,
//! `fs/ocfs2/dlmfs/dlmfs.c`), which itself answers EINVAL only.

/// The most bytes of a domain's name: `GROUP_NAME_MAX` - 1.
pub const MOST_DOMAIN: usize = 63;
/// The most bytes of a lock's name: `USER_DLM_LOCK_ID_MAX_LEN` - 1.
pub const MOST_LOCK: usize = 31;
/// Hexadecimal digits of a volume's UUID, which names the domain of its file system.
const UUID_DIGITS: usize = 32;

/// Why this cannot be a domain; `None` if it can.
pub fn domain_fault(name: &str) -> Option<String> {
    if name.len() == UUID_DIGITS && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(format!(
            "the domain's name {name:?} is 32 hexadecimal digits: such a domain is that of the OCFS2 volume with this UUID, and locks in \
             it would be taken for the file system's"
        ));
    }
    path_fault("domain", name, MOST_DOMAIN)
}

/// Why this cannot be a lock; `None` if it can.
pub fn lock_fault(name: &str) -> Option<String> {
    if name.starts_with('$') {
        return Some(format!("the lock's name {name:?} begins with '$', which the kernel keeps for locks of its own"));
    }
    path_fault("lock", name, MOST_LOCK)
}

fn path_fault(what: &str, name: &str, most: usize) -> Option<String> {
    Some(match name {
        "" => format!("the {what}'s name is empty"),
        "." | ".." => format!("the {what}'s name {name:?} is that of a folder"),
        _ if name.contains(['/', '\0']) => format!("the {what}'s name {name:?} has a '/' or a zero byte in it; it is a file's name"),
        _ if name.len() > most => format!("the {what}'s name {name:?} has {} bytes; the kernel takes at most {most}", name.len()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_takes() {
        for name in ["web", ".x", "a b", "é", "$d", &"d".repeat(63), "80FECD61B9F243B8BC986F82D80A2D2", "80FECD61B9F243B8BC986F82D80A2D2X"]
        {
            assert_eq!(domain_fault(name), None, "{name}");
        }
        for name in ["backup", ".0123456789abcdef", &"l".repeat(31), "80FECD61", "a$"] {
            assert_eq!(lock_fault(name), None, "{name}");
        }
    }

    #[test]
    fn what_it_does_not_take_is_told_with_the_reason() {
        let told = |name: &str| domain_fault(name).unwrap();
        assert!(told(&"d".repeat(64)).contains("64 bytes"));
        assert!(told("80FECD61B9F243B8BC986F82D80A2D24").contains("UUID"));
        assert!(told("a/b").contains('/'));
        assert!(told("..").contains("folder") && told("").contains("empty"));
        let told = |name: &str| lock_fault(name).unwrap();
        assert!(told("$x").contains("'$'"));
        // Bytes count, not letters.
        assert!(told(&"é".repeat(16)).contains("32 bytes"));
        assert!(told("a\0").contains("zero byte"));
    }
}
