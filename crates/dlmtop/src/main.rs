//! dlmtop: live monitor of OCFS2 cluster locks on all nodes at once.

mod args;
mod demo;
mod engine;
mod out;
mod select;
mod settings;
mod tui;
mod units;
mod watch;

use args::{Cli, Verb};
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("dlmtop: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn run() -> anyhow::Result<u8> {
    let cli = Cli::parse();
    match cli.command {
        None => watch::watch(&cli.watch),
        Some(Verb::Demo(demo)) => watch::demo(&demo.show, demo.speed),
        Some(Verb::Collect { protocol: true }) => {
            println!("dlmtop-protocol {}", sample::message::PROTOCOL);
            Ok(0)
        }
        Some(Verb::Collect { protocol: false }) => {
            collect::serve::serve(&watch::local_files(), std::io::stdin(), std::io::stdout())?;
            Ok(0)
        }
        Some(Verb::Completions { shell }) => {
            clap_complete::generate(shell, &mut Cli::command(), "dlmtop", &mut std::io::stdout());
            Ok(0)
        }
        Some(Verb::Man) => {
            clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?;
            Ok(0)
        }
        Some(Verb::O2locktop { .. } | Verb::Columns | Verb::Keys) => Ok(0),
    }
}
