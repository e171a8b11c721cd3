//! The list for people.

use super::{ListedDomain, ListedHolder, ListedLock, Listing};
use crate::found::Seen;
use formats::o2dlm::Queue;
use terminal::clean;

/// All domains: a line for each, below it a line for each node's entry on each lock.
pub fn table(listing: &Listing) -> String {
    if listing.domains.is_empty() {
        return "no domains: this node is in none that was made through dlmfs\n".to_owned();
    }
    let mut text = String::new();
    for domain in &listing.domains {
        text += &head(listing, domain);
        let rows: Vec<[String; 6]> = domain.locks.iter().flat_map(|lock| rows(listing, lock)).collect();
        if rows.is_empty() {
            text += "  no locks\n";
            continue;
        }
        let titles = ["LOCK", "MASTER", "NODE", "MODE", "STATE", "PROCESSES HERE"].map(str::to_owned);
        let all: Vec<&[String; 6]> = [&titles].into_iter().chain(&rows).collect();
        let mut widths = [0; 6];
        for row in &all {
            for (width, cell) in widths.iter_mut().zip(row.iter()) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in all {
            let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            text += &format!("  {}\n", cells.join("  ").trim_end());
        }
        if domain.locks.iter().any(|lock| !lock.complete) {
            text += "  A lock that another node masters is shown with this node's entry only: list it there too.\n";
        }
    }
    text + "Locks that this node neither has a file of nor masters are not shown.\n"
}

fn head(listing: &Listing, domain: &ListedDomain) -> String {
    let name = clean(&domain.name);
    match &domain.state {
        Seen::Is(state) => {
            let nodes: Vec<String> = state.domain_map.iter().map(|number| node(listing, *number)).collect();
            let own = state.node.map_or_else(|| "not known".to_owned(), |number| node(listing, number));
            format!("domain {name}: {}, nodes {}, this is {own}\n", state.state.to_lowercase(), nodes.join(", "))
        }
        Seen::NeedsRoot => format!("domain {name}: its nodes are told to root only\n"),
        Seen::Absent => format!("domain {name}: its nodes are not known: debugfs is not mounted\n"),
        Seen::Odd(why) => format!("domain {name}: its nodes are not known: {why}\n"),
    }
}

fn rows(listing: &Listing, lock: &ListedLock) -> Vec<[String; 6]> {
    let name = clean(&lock.name);
    let master = lock.master.map_or_else(|| "?".to_owned(), |number| node(listing, number));
    let processes = match &lock.processes {
        None => "?".to_owned(),
        Some(processes) => processes.iter().map(|(pid, name)| format!("{pid} ({})", clean(name))).collect::<Vec<_>>().join(", "),
    };
    if lock.holders.is_empty() {
        return vec![[name, master, String::new(), String::new(), "no entry".to_owned(), processes]];
    }
    let row = |(index, holder): (usize, &ListedHolder)| {
        let (mode, state) = mode_and_state(holder);
        // What is the lock's is said once.
        let once = |text: &String| if index == 0 { text.clone() } else { String::new() };
        [once(&name), once(&master), node(listing, holder.node), mode, state, once(&processes)]
    };
    lock.holders.iter().enumerate().map(row).collect()
}

fn mode_and_state(holder: &ListedHolder) -> (String, String) {
    let requested = holder.requested.map_or("?", formats::mode::Mode::word);
    match holder.queue {
        Queue::Granted => (holder.granted.word().to_owned(), "granted".to_owned()),
        Queue::Converting => (holder.granted.word().to_owned(), format!("waits for {requested}")),
        Queue::Blocked => ("-".to_owned(), format!("waits for {requested}")),
    }
}

fn node(listing: &Listing, number: u32) -> String {
    listing.nodes.get(&number).map_or_else(|| number.to_string(), |name| format!("{number} ({})", clean(name)))
}
