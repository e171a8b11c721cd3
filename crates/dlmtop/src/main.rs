//! dlmtop: live monitor of OCFS2 cluster locks on all nodes at once.

mod args;
mod engine;
mod select;
mod settings;
mod tui;
mod units;
fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("collect") {
        if arguments.next().as_deref() == Some("--protocol") {
            println!("dlmtop-protocol {}", sample::message::PROTOCOL);
            return Ok(());
        }
        let files = std::env::var_os("DLMTOP_ROOT").map_or_else(collect::node::RootFiles::this_machine, collect::node::RootFiles::below);
        collect::serve::serve(&files, std::io::stdin(), std::io::stdout())?;
    }
    Ok(())
}
