//! One hot directory: every node wants its metadata lock, and the locks of files that others have just made.

use super::files;
use super::session;
use super::tally::Tally;
use crate::random::Random;
use crate::stop::Limits;
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// Where and for how long.
#[derive(Args)]
pub struct Options {
    /// Directory; made if it is not there.
    directory: PathBuf,
    /// How many names there are. `EEXIST` and `ENOENT` are the others being faster, and are counted.
    #[arg(long, default_value_t = 50)]
    names: u64,
    /// Pause between two operations, ms.
    #[arg(long, default_value_t = 0)]
    pause_ms: u64,
    #[command(flatten)]
    limits: Limits,
}

/// Works.
pub fn run(options: &Options) -> anyhow::Result<()> {
    files::make_directory(&options.directory)?;
    let tally = Tally::new(&["created", "appended", "unlinked"], None);
    let about = json!({ "work": "hot", "path": options.directory });
    session::run(options.limits, &about, tally, |session| {
        let mut random = Random::of_this_process();
        let line = format!("{}\n", crate::event::node());
        let pause = Duration::from_millis(options.pause_ms);
        while session.goes_on(pause) {
            let path = options.directory.join(format!("f{}", random.below(options.names)));
            match random.below(3) {
                0 => session.tally.time("created", || files::create(&path, &line)),
                1 => session.tally.time("appended", || files::append(&path, &line)),
                _ => session.tally.time("unlinked", || std::fs::remove_file(&path)),
            };
        }
        Ok(())
    })
}
