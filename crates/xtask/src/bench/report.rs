//! The table of a run and whether the goals are reached.

use super::{Row, Size, peer};

/// From bytes to ranked rows, µs of CPU per lock.
const GOAL_CPU_US: f64 = 0.25;
/// Times less CPU than o2locktop at 100k locks.
const GOAL_RATIO: f64 = 100.0;
/// Bytes kept for an idle lock.
const GOAL_KEPT: f64 = 64.0;

/// Prints a markdown table and the goals.
pub fn print(rows: &[Row]) {
    println!();
    println!(
        "| locks × nodes | parse, µs/lock | bytes to rows, µs/lock | peak, MiB | kept, B/lock | o2locktop {}, µs/lock | its peak, MiB | o2locktop ÷ dlmtop | `wc -l`, µs/lock (user) | dlmtop ÷ `wc -l` |",
        peer::VERSION
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for row in rows {
        let (their_us, their_peak, ratio) = match &row.peer {
            Some(peer) => (
                format!("{:.1}", peer.total_ns / 1000.0),
                format!("{:.0}", peer.peak_mib),
                format!("{:.0}", peer.total_ns / row.ours.total_ns),
            ),
            None => ("–".to_owned(), "–".to_owned(), "–".to_owned()),
        };
        println!(
            "| {} | {:.3} | {:.3} | {:.1} | {:.1} | {their_us} | {their_peak} | {ratio} | {:.3} ({:.3}) | {:.1} |",
            size(row.size),
            row.ours.parse_ns / 1000.0,
            row.ours.total_ns / 1000.0,
            row.ours.peak_mib,
            row.ours.kept,
            row.floor.total_ns / 1000.0,
            row.floor.user_ns / 1000.0,
            row.ours.total_ns / row.floor.total_ns,
        );
    }
    println!();
    goals(rows);
}

fn goals(rows: &[Row]) {
    let worst = |value: fn(&Row) -> f64| rows.iter().map(value).fold(0.0, f64::max);
    let cpu = worst(|row| row.ours.total_ns / 1000.0);
    goal(&format!("at most {GOAL_CPU_US} µs of CPU per lock from bytes to ranked rows"), cpu <= GOAL_CPU_US, &format!("worst {cpu:.3} µs"));
    for row in rows.iter().filter(|row| row.size.locks == 100_000) {
        if let Some(peer) = &row.peer {
            let ratio = peer.total_ns / row.ours.total_ns;
            let what = format!("at least {GOAL_RATIO} times less CPU than o2locktop at {}", size(row.size));
            goal(&what, ratio >= GOAL_RATIO, &format!("{ratio:.0} times"));
        }
    }
    // A table of 1000 locks is mostly spare room.
    let large = |row: &Row| if row.size.locks >= 10_000 { row.ours.kept } else { 0.0 };
    let kept = worst(large);
    goal(&format!("at most {GOAL_KEPT} bytes kept per idle lock, from 10k locks on"), kept <= GOAL_KEPT, &format!("worst {kept:.1}"));
    if let Some(row) = rows.iter().find(|row| row.size.locks == 1_000_000) {
        let what = format!(
            "{:.0} locks known, {:.0} rows told, {:.3} s of CPU",
            row.ours.known,
            row.ours.rows,
            row.ours.total_ns * row.ours.known / 1e9
        );
        goal("a million locks work", row.ours.known >= 0.9e6, &what);
    }
}

fn goal(what: &str, reached: bool, figure: &str) {
    println!("- {}: {what} ({figure})", if reached { "reached" } else { "NOT REACHED" });
}

fn size(size: Size) -> String {
    let locks = match size.locks {
        1_000_000 => "1M".to_owned(),
        locks if locks % 1000 == 0 => format!("{}k", locks / 1000),
        locks => locks.to_string(),
    };
    format!("{locks} × {}", size.nodes)
}
