//! Pictures as text and as JSON.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::o2cb::{O2cbView, page};
use serde::Serialize;
use std::io::{self, Write};
use terminal::clean;

/// Columns of what is printed.
const WIDTH: usize = 100;
/// Version of the JSON; fields that are only added do not raise it.
const SCHEMA: u32 = 1;

/// A moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Picture {
    /// Counts from 1.
    pub number: u64,
    /// When, by the viewer's clock, µs since the epoch.
    #[serde(rename = "time_us")]
    pub realtime_us: Option<u64>,
    /// What was seen.
    #[serde(flatten)]
    pub view: O2cbView,
}

impl Picture {
    /// The time of day, in the user's zone.
    pub fn time(&self) -> String {
        let microseconds = self.realtime_us.and_then(|us| i64::try_from(us).ok());
        let time = microseconds.and_then(|us| Timestamp::from_microsecond(us).ok());
        time.map_or_else(|| "time unknown".to_owned(), |time| time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string())
    }
}

/// As text.
pub fn text(out: &mut dyn Write, picture: &Picture, warn_percent: u8) -> io::Result<()> {
    writeln!(out, "=== {}", picture.time())?;
    for line in page::lines(&picture.view, WIDTH, warn_percent) {
        writeln!(out, "{}", clean(&line.text))?;
    }
    writeln!(out)
}

/// As one line of JSON.
pub fn json(out: &mut dyn Write, picture: &Picture) -> io::Result<()> {
    #[derive(Serialize)]
    struct Versioned<'p> {
        schema: u32,
        #[serde(flatten)]
        picture: &'p Picture,
    }
    serde_json::to_writer(&mut *out, &Versioned { schema: SCHEMA, picture })?;
    out.write_all(b"\n")
}
