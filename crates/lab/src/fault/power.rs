//! Nodes that come back.

use crate::lab::Lab;
use crate::{programs, stack};
use anyhow::ensure;

/// Boots a node that does not run; unless `bare`, it joins the cluster and mounts again.
pub fn start(lab: &mut Lab, node: u8, bare: bool) -> anyhow::Result<()> {
    lab.must_have(node)?;
    ensure!(!lab.running().contains(&node), "node{node} runs already");
    // A cable that was pulled while it was off is put back.
    for role in crate::network::ROLES {
        lab.network.join(role, node, 0)?;
    }
    lab.boot(&[node])?;
    programs::push_built(lab, &[node])?;
    if !bare {
        stack::rejoin(lab, node)?;
    }
    Ok(())
}
