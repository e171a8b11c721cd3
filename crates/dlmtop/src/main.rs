//! dlmtop: live monitor of OCFS2 and GFS2 cluster locks on all nodes at once.

mod args;
mod column_choice;
mod demo;
mod engine;
mod life;
mod o2locktop;
mod out;
mod select;
mod settings;
mod tui;
mod types;
mod units;
mod views;
mod watch;

use anyhow::Context as _;
use args::{Cli, Verb};
use clap::{CommandFactory, Parser};
use collect::node::TraceKeeper;
use std::io::{self, Write};
use std::process::ExitCode;
use views::View;

fn main() -> ExitCode {
    match run() {
        Ok(status) => ExitCode::from(status),
        // `dlmtop keys | head`: the reader has seen enough.
        Err(error) if error.root_cause().downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&format!("dlmtop: {error:#}"));
            ExitCode::from(if error.is::<watch::WrongUsage>() { 2 } else { 1 })
        }
    }
}

/// Tells people something, on stderr. If that is gone too, nobody is left to tell.
fn say(words: &str) {
    let _ = writeln!(io::stderr(), "{}", terminal::clean(words));
}

fn run() -> anyhow::Result<u8> {
    let mut arguments = std::env::args_os();
    if o2locktop::is_called_so(arguments.next().as_deref()) {
        let arguments: Vec<String> = arguments.map(|argument| argument.to_string_lossy().into_owned()).collect();
        return o2locktop::run(&arguments);
    }
    let cli = Cli::parse();
    match cli.command {
        None => watch::watch(&cli.watch, View::Hot),
        Some(Verb::Hot(options)) => watch::watch(&options, View::Hot),
        Some(Verb::Waits(options)) => watch::watch(&options, View::Waits),
        Some(Verb::Masters(options)) => watch::watch(&options, View::Masters),
        Some(Verb::O2cb(options)) => watch::watch(&options, View::O2cb),
        Some(Verb::Inode(options)) => watch::watch(&options.watch, View::Inode(views::which::inode(&options.which)?)),
        Some(Verb::Life(options)) => life::life(&options),
        Some(Verb::Demo(demo)) => watch::demo(&demo.show, demo.speed),
        Some(Verb::Collect { tasks: true, .. }) => {
            collect::node::task_reader::answer(&watch::local_files(), io::stdin(), io::stdout())?;
            Ok(0)
        }
        Some(Verb::Collect { inode_of: Some(path), .. }) => {
            use std::os::unix::fs::MetadataExt as _;
            let metadata = std::fs::symlink_metadata(&path).with_context(|| path.display().to_string())?;
            writeln!(io::stdout(), "{}", metadata.ino())?;
            Ok(0)
        }
        Some(Verb::Collect { device: Some(path), .. }) => {
            collect::device::serve(&path, io::stdin().lock(), io::stdout().lock())?;
            Ok(0)
        }
        Some(Verb::Collect { protocol: true, .. }) => {
            writeln!(io::stdout(), "dlmtop-protocol {}", sample::message::PROTOCOL)?;
            Ok(0)
        }
        Some(Verb::Collect { .. }) => {
            let files = watch::local_files();
            collect::serve::serve(&files, &TraceKeeper::of(&files), io::stdin(), io::stdout(), sample::message::VIEWER_GONE_AFTER)?;
            Ok(0)
        }
        Some(Verb::Completions { shell }) => {
            // A reader that has seen enough is an error of writing, which the generator would not survive.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "dlmtop", &mut script);
            io::stdout().write_all(&script)?;
            Ok(0)
        }
        Some(Verb::Man { into }) => {
            match into {
                Some(folder) => {
                    clap_mangen::generate_to(Cli::command(), &folder).with_context(|| folder.display().to_string())?;
                }
                None => clap_mangen::Man::new(Cli::command()).render(&mut io::stdout())?,
            }
            Ok(0)
        }
        Some(Verb::O2locktop { arguments }) => o2locktop::run(&arguments),
        Some(Verb::Columns) => {
            let order = |sort: Option<model::SortKey>| sort.map_or_else(String::new, |sort| format!(" (--sort {})", sort.name()));
            for column in model::COLUMNS {
                writeln!(io::stdout(), "{:18} {:12} {}{}", column.id, column.title, column.help, order(column.sort))?;
            }
            writeln!(io::stdout(), "\nof GFS2's glocks:")?;
            for column in model::GLOCK_COLUMNS {
                writeln!(io::stdout(), "{:18} {:12} {}{}", column.id, column.title, column.help, order(column.sort))?;
            }
            Ok(0)
        }
        Some(Verb::Keys) => {
            for (keys, help) in tui::key_table() {
                writeln!(io::stdout(), "{keys:24} {help}")?;
            }
            Ok(0)
        }
    }
}
