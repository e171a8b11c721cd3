//! O2CB's stack: heartbeats, connections and domains. Lines and JSON are the model's, the same as those of `o2cb watch`.

use model::Snapshot;
use model::o2cb::page::{Line, Tone};
use model::o2cb::{O2cbRules, page};
use serde_json::{Value, json};
use std::io;

/// Columns of what is printed.
pub const WIDTH: usize = 100;

/// As lines.
pub fn lines(snapshot: &Snapshot, width: usize) -> Vec<Line> {
    match &snapshot.o2cb {
        Some(view) => page::lines(view, width, O2cbRules::default().warn_percent),
        None => vec![Line { tone: Tone::Note, text: "no node has told of an O2CB stack yet".to_owned() }],
    }
}

/// As JSON.
pub fn json(snapshot: &Snapshot) -> io::Result<Value> {
    Ok(match &snapshot.o2cb {
        Some(view) => serde_json::to_value(view)?,
        None => json!({}),
    })
}
