//! The tables of a run and whether the goals are reached.

use super::{Memory, Row};

/// From bytes to ranked rows at a million glocks, GB of text per second of CPU.
const GOAL_GB_S: f64 = 1.0;
/// Peak memory at the most idle glocks, over that at a tenth of them.
const GOAL_GROWTH: f64 = 1.1;

/// What reading costs.
pub fn costs(rows: &[Row], version: Option<&str>) {
    println!();
    println!(
        "| glocks | text, MB | parse, ns/glock | bytes to rows, ns/glock | parse, GB/s | bytes to rows, GB/s | peak, MiB | once from disk, s | glocktop {}, s | glocktop -D, s |",
        version.unwrap_or("–")
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for row in rows {
        let per_glock = |ns: f64| ns / f64::from(row.glocks);
        let theirs = row.peer.as_ref().map_or(("–".to_owned(), "–".to_owned()), |peer| {
            (format!("{:.3}", peer.once_ns / 1e9), format!("{:.3}", peer.without_dlm_ns / 1e9))
        });
        println!(
            "| {} | {:.1} | {:.0} | {:.0} | {:.2} | {:.2} | {:.1} | {:.3} | {} | {} |",
            row.glocks,
            row.ours.bytes / 1e6,
            per_glock(row.ours.parse_ns),
            per_glock(row.ours.total_ns),
            row.ours.bytes / row.ours.parse_ns,
            row.ours.bytes / row.ours.total_ns,
            row.ours.peak_mib,
            row.ours.once_ns / 1e9,
            theirs.0,
            theirs.1,
        );
    }
}

/// Who of the waiters is shown.
pub fn queues<'r>(rows: impl Iterator<Item = &'r Row>) {
    println!();
    println!(
        "| glocks | waiters | dlmtop: glocks shown / counted waiters / told one by one | its CPU, s | glocktop: glocks / counted / one by one / DLM lines | its CPU, s |"
    );
    println!("|---|---|---|---|---|---|");
    for row in rows {
        let theirs = row.peer.as_ref().map_or("– | –".to_owned(), |peer| {
            format!("{} / {} / {} / {} | {:.3}", peer.contended, peer.counted, peer.listed, peer.dlm_lines, peer.once_ns / 1e9)
        });
        println!(
            "| {} | {}: {} of {} glocks | {} / {} / {} | {:.3} | {theirs} |",
            row.glocks,
            row.what,
            row.waiting,
            row.contended,
            row.ours.contended,
            row.ours.counted,
            row.ours.listed,
            row.ours.once_ns / 1e9,
        );
    }
}

/// Peak memory.
pub fn memory(rows: &[Memory]) {
    println!();
    println!("| glocks | all idle, MiB | the same 5 % used each time, MiB | other 5 % each time, MiB |");
    println!("|---|---|---|---|");
    for row in rows {
        println!("| {} | {:.1} | {:.1} | {:.1} |", row.glocks, row.idle, row.same, row.moving);
    }
}

/// Whether the goals are reached.
pub fn goals(costs: &[Row], queues: &[Row], memory: &[Memory]) {
    println!();
    if let Some(row) = costs.iter().find(|row| row.glocks >= 1_000_000) {
        let speed = row.ours.bytes / row.ours.total_ns;
        goal(
            &format!("at least {GOAL_GB_S} GB of text per second of CPU, parsed and ranked, at a million glocks"),
            speed >= GOAL_GB_S,
            &format!("{speed:.2} GB/s"),
        );
    }
    if let [.., before, last] = memory {
        let growth = last.idle / before.idle;
        let what = format!("memory constant for idle glocks: {} over {}", last.glocks, before.glocks);
        goal(&what, growth <= GOAL_GROWTH, &format!("{:.1} MiB, {:.1} MiB", last.idle, before.idle));
    }
    let all = costs.iter().chain(queues).all(|row| row.ours.contended as u64 == row.contended && row.ours.counted as u64 == row.waiting);
    goal("every glock that is waited for is shown, and every waiter counted", all, "see the table");
}

fn goal(what: &str, reached: bool, how: &str) {
    println!("- {}: {what} ({how})", if reached { "reached" } else { "NOT REACHED" });
}
