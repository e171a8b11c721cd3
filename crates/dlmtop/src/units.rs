//! Numbers and times as people read them. Programs get exact integers instead (CSV, JSON).

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::Value;

/// A time span with three digits: `873ns`, `4.12us`, `37.4ms`, `12.3s`, `5m12s`, `3h07m`, `2d04h`.
pub fn span(ns: u64) -> String {
    match ns {
        0..1_000 => format!("{ns}ns"),
        1_000..1_000_000 => three(ns, 1_000, "us"),
        1_000_000..1_000_000_000 => three(ns, 1_000_000, "ms"),
        1_000_000_000..100_000_000_000 => three(ns, 1_000_000_000, "s"),
        _ => {
            let seconds = ns / 1_000_000_000;
            match seconds {
                0..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
                3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
                _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
            }
        }
    }
}

fn three(value: u64, unit: u64, name: &str) -> String {
    let scaled = value as f64 / unit as f64;
    // Cut, not rounded: 999.9 must not become 1000.
    let (cut, digits) = match scaled {
        s if s >= 100.0 => (s.floor(), 0),
        s if s >= 10.0 => ((s * 10.0).floor() / 10.0, 1),
        s => ((s * 100.0).floor() / 100.0, 2),
    };
    format!("{cut:.digits$}{name}")
}

/// A count of at most five characters: `12345`, `123k`, `12.3M`.
pub fn count(value: u64) -> String {
    match value {
        0..100_000 => value.to_string(),
        100_000..1_000_000 => format!("{}k", value / 1_000),
        1_000_000..1_000_000_000 => three(value, 1_000_000, "M"),
        _ => three(value, 1_000_000_000, "G"),
    }
}

/// Times of day in one zone.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
}

impl Clock {
    /// UTC, or the user's zone.
    pub fn new(utc: bool) -> Clock {
        Clock { zone: if utc { TimeZone::UTC } else { TimeZone::system() } }
    }

    fn at(&self, us: u64) -> Option<jiff::Zoned> {
        Some(Timestamp::from_microsecond(i64::try_from(us).ok()?).ok()?.to_zoned(self.zone.clone()))
    }

    /// `21:14:24`.
    pub fn time(&self, us: u64) -> String {
        self.at(us).map_or_else(|| "?".to_owned(), |at| at.strftime("%H:%M:%S").to_string())
    }

    /// `21:14:24.123`.
    pub fn time_ms(&self, us: u64) -> String {
        self.at(us).map_or_else(|| "?".to_owned(), |at| format!("{}.{:03}", at.strftime("%H:%M:%S"), at.millisecond()))
    }

    /// `2026-11-21 21:14:24.123`.
    pub fn date_time_ms(&self, us: u64) -> String {
        self.at(us).map_or_else(|| "?".to_owned(), |at| format!("{}.{:03}", at.strftime("%Y-%m-%d %H:%M:%S"), at.millisecond()))
    }

    /// `2026-11-21 21:14:24`.
    pub fn date_time(&self, us: u64) -> String {
        self.at(us).map_or_else(|| "?".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
    }
}

/// A value for people. `Nothing` is empty, `Unknown` a question mark; a series is left to the face.
pub fn text(value: &Value, clock: &Clock) -> String {
    match value {
        Value::Nothing | Value::Series(_) => String::new(),
        Value::Unknown => "?".to_owned(),
        Value::Count(value) => value.to_string(),
        Value::Nanoseconds(ns) => span(*ns),
        Value::AtLeast(ns) => format!(">{}", span(*ns)),
        Value::Moment(us) => clock.time_ms(*us),
        Value::Text(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_three_digits_and_are_never_rounded_up() {
        for (ns, text) in [
            (0, "0ns"),
            (999, "999ns"),
            (4_129, "4.12us"),
            (37_450_000, "37.4ms"),
            (999_999_999, "999ms"),
            (12_300_000_000, "12.3s"),
            (312_000_000_000, "5m12s"),
            (11_220_000_000_000, "3h07m"),
            (187_200_000_000_000, "2d04h"),
        ] {
            assert_eq!(span(ns), text);
        }
    }

    #[test]
    fn counts_stay_short() {
        assert_eq!([count(99_999), count(123_456), count(12_345_678)], ["99999", "123k", "12.3M"]);
    }

    #[test]
    fn moments_in_utc() {
        assert_eq!(Clock::new(true).date_time(1_795_299_892_152_055), "2026-11-21 22:24:52");
        assert_eq!(Clock::new(true).time_ms(1_795_299_892_152_055), "22:24:52.152");
    }
}
