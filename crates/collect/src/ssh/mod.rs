//! Nodes over ssh.
