//! dlmtop: live monitor of OCFS2 cluster locks on all nodes at once.

mod args;
mod demo;
mod engine;
mod o2locktop;
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
            ExitCode::from(if error.is::<watch::WrongUsage>() { 2 } else { 1 })
        }
    }
}

fn run() -> anyhow::Result<u8> {
    let mut arguments = std::env::args_os();
    if o2locktop::is_called_so(arguments.next().as_deref()) {
        let arguments: Vec<String> = arguments.map(|argument| argument.to_string_lossy().into_owned()).collect();
        return o2locktop::run(&arguments);
    }
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
        Some(Verb::O2locktop { arguments }) => o2locktop::run(&arguments),
        Some(Verb::Columns) => {
            for column in model::COLUMNS {
                println!("{:18} {:12} {}", column.id, column.title, column.help);
            }
            Ok(0)
        }
        Some(Verb::Keys) => {
            for (keys, help) in tui::key_table() {
                println!("{keys:24} {help}");
            }
            Ok(0)
        }
    }
}
