//! Zones that the network's configuration asks for. NetworkManager tells them to firewalld when a connection comes up; they are in no
//! file of firewalld.

use crate::sysconfig::{Sysconfig, Value};

/// A connection's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The interface; `None`: the file does not name it.
    pub interface: Option<String>,
    /// The zone.
    pub zone: String,
    /// The file that says so.
    pub file: String,
}

/// NetworkManager's keyfile (`nm-settings-keyfile(5)`): `zone=` and `interface-name=` of `[connection]`; `None`: no zone is asked for.
pub fn keyfile(file: &str, bytes: &[u8]) -> Option<Wish> {
    let text = String::from_utf8_lossy(bytes);
    let (mut inside, mut zone, mut interface) = (false, None, None);
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[connection]";
        } else if let Some((name, value)) = line.split_once('=').filter(|_| inside) {
            let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
            match name.trim() {
                "zone" => zone = value,
                "interface-name" => interface = value,
                _ => {}
            }
        }
    }
    Some(Wish { interface, zone: zone?, file: file.to_owned() })
}

/// `ifcfg-NAME` of Red Hat's network scripts: `ZONE` and `DEVICE`; `None`: no zone is asked for.
pub fn ifcfg(file: &str, bytes: &[u8]) -> Option<Wish> {
    let script = Sysconfig::parse(bytes);
    let text = |variable: &str| match script.get(variable) {
        Value::Text(text) if !text.is_empty() => Some(text.to_owned()),
        _ => None,
    };
    Some(Wish { interface: text("DEVICE"), zone: text("ZONE")?, file: file.to_owned() })
}
