//! Which addresses a rule is about.

use std::net::Ipv4Addr;

/// An address or a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    address: u32,
    mask: u32,
}

impl Net {
    /// `10.9.0.2`, `10.9.0.0/24` or `10.9.0.0/255.255.255.0`; `None`: none of these.
    pub fn parse(text: &str) -> Option<Net> {
        let (address, mask) = match text.split_once('/') {
            None => (text, u32::MAX),
            Some((address, mask)) => {
                let bits = |bits: u32| u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                let prefix = mask.parse().ok().filter(|prefix| *prefix <= 32).map(bits);
                (address, prefix.or_else(|| mask.parse::<Ipv4Addr>().ok().map(u32::from))?)
            }
        };
        let address = u32::from(address.parse::<Ipv4Addr>().ok()?);
        Some(Net { address: address & mask, mask })
    }

    /// Whether it has the address.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        u32::from(address) & self.mask == self.address
    }
}

/// Which addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All.
    Any,
    /// None of IPv4: those of IPv6.
    None,
    /// These.
    In(Net),
    /// All but these.
    NotIn(Net),
    /// What a file does not tell: a set of addresses, a hardware address. What it says.
    Unknown(String),
}

impl Scope {
    /// An address or network as firewalls write it.
    pub fn parse(text: &str) -> Scope {
        match Net::parse(text) {
            Some(net) => Scope::In(net),
            None if text.contains(':') => Scope::None,
            None => Scope::Unknown(text.to_owned()),
        }
    }

    /// All but these.
    #[must_use]
    pub fn inverted(self) -> Scope {
        match self {
            Scope::In(net) => Scope::NotIn(net),
            Scope::NotIn(net) => Scope::In(net),
            Scope::Any => Scope::None,
            Scope::None => Scope::Any,
            unknown @ Scope::Unknown(_) => unknown,
        }
    }

    /// Whether an address is meant. The error is what is not known.
    pub fn has(&self, address: Ipv4Addr) -> Result<bool, String> {
        match self {
            Scope::Any => Ok(true),
            Scope::None => Ok(false),
            Scope::In(net) => Ok(net.contains(address)),
            Scope::NotIn(net) => Ok(!net.contains(address)),
            Scope::Unknown(what) => Err(format!("whether {address} is in {what} is not in the files")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks() {
        let at = Ipv4Addr::new(10, 9, 0, 2);
        for (text, fits) in [
            ("10.9.0.2", true),
            ("10.9.0.3", false),
            ("10.9.0.0/24", true),
            ("10.9.0.9/24", true),
            ("10.9.0.0/255.255.255.252", true),
            ("0.0.0.0/0", true),
            ("10.8.0.0/16", false),
        ] {
            assert_eq!(Net::parse(text).unwrap().contains(at), fits, "{text}");
            assert_eq!(Scope::parse(text).inverted().has(at), Ok(!fits), "{text}");
        }
        for text in ["", "x", "10.9.0.0/33", "10.9.0", "10.9.0.0/"] {
            assert_eq!(Net::parse(text), None, "{text}");
        }
        assert_eq!(Scope::parse("fd00::/8").has(at), Ok(false));
        assert!(Scope::parse("mine").has(at).is_err());
    }
}
