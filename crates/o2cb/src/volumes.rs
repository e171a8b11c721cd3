//! The OCFS2 volumes of this machine, and which nodes use them: what `mounted.ocfs2` shows. Nothing is written or loaded.
//!
//! ```text
//! block_devices ─► choice ─► survey (superblocks, by a reader each) ─► watch (heartbeats) ─► in_use ─► text, json
//! ```

mod block_devices;
mod choice;
mod cluster;
mod detail;
mod in_use;
mod json;
mod region;
mod survey;
#[cfg(test)]
pub(crate) mod testing;
mod text;
mod watch;

pub(crate) use detail::{Detail, details};
pub(crate) use in_use::Use;
pub(crate) use region::PATIENCE;
pub use region::{RegionFault, RegionOnDisk, find_region, region_of, superblock_of};
pub(crate) use survey::{Found, survey};
pub(crate) use watch::{Clock, Steady};

use crate::FAILED;
use crate::place::Place;
use clap::Args;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

/// Options of `volumes`.
#[derive(Debug, Args)]
pub struct Options {
    /// Device, stack, cluster, UUID and label of each volume; this is done if nothing else is said
    #[arg(short = 'd', long)]
    quick_detect: bool,
    /// Which nodes have each volume mounted: its slots, compared with the heartbeats, which are watched for some seconds
    #[arg(short = 'f', long, conflicts_with = "quick_detect")]
    full_detect: bool,
    /// How long heartbeats are watched; what is silent for as long as it takes nodes to declare it dead is proved dead
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(4..=3600), requires = "full_detect")]
    seconds: u64,
    /// How long one answer of a device may take
    #[arg(long, value_name = "SECONDS", default_value_t = region::PATIENCE.as_secs(), value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Block devices or images; all block devices of the machine if none is named
    #[arg(value_name = "DEVICE")]
    devices: Vec<PathBuf>,
}

/// Lists them. Fails if a device could not be judged, or a named one carries no volume.
pub fn run(place: &Place, options: &Options) -> anyhow::Result<u8> {
    let mut survey = survey(place, &options.devices, Duration::from_secs(options.timeout));
    let details = options.full_detect.then(|| {
        let wall_clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let time = Duration::from_secs(options.seconds);
        details(place, &mut survey, time, &Steady(Instant::now()), wall_clock, |regions| tell_of_watch(regions, options.seconds))
    });
    let text = match (&details, options.json) {
        (details, true) => format!("{:#}\n", json::document(&survey, details.as_deref())),
        (Some(details), false) => text::full(&survey.volumes, details),
        (None, false) => text::quick(&survey.volumes),
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(tell_problems(&survey, details.as_deref().unwrap_or_default(), !options.devices.is_empty()))
}

/// Somebody who waits wants to know for what.
fn tell_of_watch(regions: usize, seconds: u64) {
    let mut stderr = io::stderr();
    if regions > 0 && stderr.is_terminal() {
        // If stderr is gone, nobody waits.
        let _ = writeln!(stderr, "o2cb: watching {regions} heartbeat{} for {seconds} s …", if regions == 1 { "" } else { "s" });
    }
}

/// Tells on stderr what could not be judged, and gives the exit code.
fn tell_problems(survey: &survey::Survey, details: &[Detail], named: bool) -> u8 {
    let mut lines: Vec<String> = survey.problems.clone();
    lines.extend(survey.failed.iter().map(|(path, why)| format!("{}: {why}", path.display())));
    for (volume, detail) in survey.volumes.iter().zip(details) {
        lines.extend(detail.problems().iter().map(|why| format!("{}: {why}", volume.path.display())));
    }
    if named {
        lines.extend(survey.without.iter().map(|path| format!("{}: no OCFS2 volume", path.display())));
    }
    let failed = !lines.is_empty();
    // A volume twice is odd, but it can be judged.
    for volume in survey.volumes.iter().filter(|volume| !volume.twins.is_empty()) {
        let twins: Vec<_> = volume.twins.iter().map(|path| path.display().to_string()).collect();
        lines.push(format!("{}: also on {}: paths without multipath, or copies", volume.path.display(), twins.join(", ")));
    }
    for line in lines {
        // If stderr is gone, the exit code still tells.
        let _ = writeln!(io::stderr(), "o2cb: {line}");
    }
    if failed { FAILED } else { 0 }
}
