//! What holds after command line and configuration file are put together: the command line wins.

use crate::args::{Color, Show};
use crate::column_choice::ColumnChoice;
use crate::types::{self, Types};
use anyhow::{Context, anyhow, bail};
use model::SortKey;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// How things are shown.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Order of the rows.
    pub sort: SortKey,
    /// Reversed.
    pub reverse: bool,
    /// Which rows.
    pub filter: Filter,
    /// A row per node below each lock.
    pub detail: bool,
    /// Most rows per file system; `None`: all, or what fits the terminal.
    pub top: Option<usize>,
    /// Chosen columns of the tables.
    pub columns: ColumnChoice,
    /// A wait of this length is stuck, ns.
    pub stuck_after_ns: u64,
    /// Whether to use colour; decided once.
    pub color: bool,
    /// ASCII characters only.
    pub ascii: bool,
    /// Times in UTC.
    pub utc: bool,
    /// Time between samples, ms.
    pub interval_ms: u64,
    /// Share of one CPU that reading may cost a node, thousandths.
    pub cpu_permille: u32,
}

/// Which locks are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only these types.
    pub types: Types,
    /// Only this inode.
    pub inode: Option<u64>,
    /// Only locks active or waiting on this node.
    pub node: Option<usize>,
    /// Locks of system files too.
    pub system: bool,
    /// Only locks that wait.
    pub waiting: bool,
}

/// The configuration file: every key as the option of the same name.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct ConfigFile {
    interval: Option<f64>,
    cpu_share: Option<f64>,
    sort: Option<String>,
    reverse: Option<bool>,
    system: Option<bool>,
    detail: Option<bool>,
    top: Option<usize>,
    columns: Option<Vec<String>>,
    stuck: Option<f64>,
    color: Option<String>,
    ascii: Option<bool>,
    utc: Option<bool>,
}

impl Settings {
    /// Puts command line and configuration together. `to_terminal`: whether stdout is one.
    pub fn new(show: &Show, interval: Option<f64>, cpu_share: Option<f64>, to_terminal: bool) -> anyhow::Result<Settings> {
        let config = read_config(show.config.as_deref())?;
        let sort_name = |name: &String| SortKey::from_name(name).with_context(|| format!("configuration: sort = {name:?}: no such order"));
        let seconds = |option: Option<f64>, config: Option<f64>, default: f64| option.or(config).unwrap_or(default).clamp(0.1, 86_400.0);
        let color = match (show.color, config.color.as_deref()) {
            (Some(color), _) => color,
            (None, None | Some("auto")) => Color::Auto,
            (None, Some("always")) => Color::Always,
            (None, Some("never")) => Color::Never,
            (None, Some(other)) => bail!("configuration: color = {other:?}: expected auto, always or never"),
        };
        let chosen = if show.columns.is_empty() { config.columns.clone().unwrap_or_default() } else { show.columns.clone() };
        let columns = ColumnChoice::of(chosen.iter().map(String::as_str))?;
        let types = Types::parse(show.types.as_deref().unwrap_or_default())
            .map_err(|part| anyhow!("no lock type {part:?}; types are {}", types::KNOWN))?;
        Ok(Settings {
            sort: match (show.sort, &config.sort) {
                (Some(sort), _) => sort,
                (None, Some(name)) => sort_name(name)?,
                (None, None) => SortKey::default(),
            },
            reverse: show.reverse || config.reverse.unwrap_or(false),
            filter: Filter { types, inode: show.inode, node: None, system: show.system || config.system.unwrap_or(false), waiting: false },
            detail: show.detail || config.detail.unwrap_or(false),
            top: show.top.or(config.top),
            columns,
            stuck_after_ns: (seconds(show.stuck, config.stuck, 5.0) * 1e9) as u64,
            color: match color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => to_terminal && !is_set("NO_COLOR") && std::env::var("TERM").as_deref() != Ok("dumb"),
            },
            ascii: show.ascii || config.ascii.unwrap_or(false) || !locale_is_utf8(),
            utc: show.utc || config.utc.unwrap_or(false),
            interval_ms: (seconds(interval, config.interval, 2.0) * 1e3) as u64,
            cpu_permille: (cpu_share.or(config.cpu_share).unwrap_or(5.0).clamp(0.1, 100.0) * 10.0) as u32,
        })
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// Whether the terminal can be expected to show more than ASCII: decided by the first locale variable that is set.
fn locale_is_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Reads the named file, else the first that exists; none is fine. It is never written.
fn read_config(named: Option<&Path>) -> anyhow::Result<ConfigFile> {
    let Some(path) = named.map(Path::to_owned).or_else(|| usual_places().into_iter().find(|path| path.is_file())) else {
        return Ok(ConfigFile::default());
    };
    let text = std::fs::read_to_string(&path).with_context(|| format!("configuration file {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("configuration file {}", path.display()))
}

fn usual_places() -> Vec<PathBuf> {
    let user = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
    user.into_iter().map(|folder| folder.join("dlmtop/config.toml")).chain([PathBuf::from("/etc/dlmtop/config.toml")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_config(text: &str, show: &Show) -> anyhow::Result<Settings> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Settings::new(&Show { config: Some(file.path().to_owned()), ..show.clone() }, None, None, false)
    }

    #[test]
    fn the_command_line_wins_over_the_file() {
        let settings = with_config("interval = 7\nsort = \"time\"\n", &Show::default()).unwrap();
        assert_eq!((settings.interval_ms, settings.sort), (7000, SortKey::Time));
        let show = Show { sort: Some(SortKey::Max), ..Show::default() };
        assert_eq!(with_config("sort = \"time\"\n", &show).unwrap().sort, SortKey::Max);
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_line() {
        let error = format!("{:#}", with_config("interval = 7\nintervall = 8\n", &Show::default()).unwrap_err());
        assert!(error.contains("intervall") && error.contains("line 2"), "{error}");
    }

    #[test]
    fn unknown_columns_and_types_name_the_known_ones() {
        let show = Show { columns: vec!["size".to_owned()], ..Show::default() };
        assert!(with_config("", &show).unwrap_err().to_string().contains("ex_count"));
        let show = Show { types: Some("W,M0".to_owned()), ..Show::default() };
        assert!(with_config("", &show).unwrap_err().to_string().contains("\"M0\""));
    }
}
