//! The pictures of `docs/fencing.md` are what `o2cb forecast` says: made anew and compared.
//!
//! `O2CB_PICTURES=write cargo test -p o2cb --lib pictures` puts what is said now into the file.

use crate::forecast::{Options, told};
use crate::kernel::model::ModelKernel;
use crate::stack::{DefaultsFile, Sources, samples};
use crate::wanted::Regions;
use clap::Parser;
use formats::cluster_conf::{Config, HeartbeatMode};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// As o2cb(7) has them.
const REGIONS: [&str; 3] = ["77D95EF51C0149D2823674FCC162CF8B", "DCDA2845177F4D59A0F2DCD8DE507CC3", "BBA1DBD0F73F449384CE75197D9B7098"];

#[derive(Parser)]
struct Command {
    #[arg(long)]
    config_file: PathBuf,
    word: String,
    #[command(flatten)]
    options: Options,
}

/// `four.conf`: four nodes in local mode; `three-3.conf`: three nodes in global mode with three regions.
struct Named(PathBuf);

impl Sources for Named {
    fn config_path(&self) -> PathBuf {
        self.0.clone()
    }

    fn config(&self) -> anyhow::Result<Option<Config>> {
        let name = self.0.to_string_lossy();
        let (mode, nodes, regions) = match name.as_ref() {
            "two.conf" => (HeartbeatMode::Local, 2, 0),
            "three.conf" => (HeartbeatMode::Local, 3, 0),
            "four.conf" => (HeartbeatMode::Local, 4, 0),
            "three-1.conf" => (HeartbeatMode::Global, 3, 1),
            "three-3.conf" => (HeartbeatMode::Global, 3, 3),
            other => anyhow::bail!("no picture has {other}"),
        };
        let mut cluster = samples::cluster(mode, nodes, 0);
        cluster.regions = REGIONS.iter().take(regions).map(|&uuid| uuid.to_owned()).collect();
        Ok(Some(Config { clusters: vec![cluster] }))
    }

    fn defaults(&self) -> anyhow::Result<DefaultsFile> {
        Ok(DefaultsFile::default())
    }

    fn set_defaults(&self, _: &[(&'static str, String)]) -> anyhow::Result<PathBuf> {
        anyhow::bail!("a picture changes nothing")
    }

    fn regions(&self) -> &dyn Regions {
        &samples::Disks
    }
}

/// What the command says; words in quotes as a shell would give them.
fn said(command: &str) -> String {
    let words = command.split(' ').map(|word| word.trim_matches('\''));
    let command = Command::try_parse_from(words).unwrap_or_else(|error| panic!("{command}: {error}"));
    assert_eq!(command.word, "forecast");
    let look = ModelKernel::new();
    told(&look, &Named(command.config_file), true, &command.options).unwrap().unwrap()
}

/// The file with what each of its commands says below it.
fn drawn(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        out += line;
        out.push('\n');
        if let Some(command) = line.strip_prefix("$ ") {
            out += said(command).trim_end();
            out += "\n```\n";
            assert!(lines.by_ref().any(|line| line == "```"), "{line}: its block does not end");
        }
    }
    out
}

#[test]
fn the_pictures_of_the_manual_are_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/fencing.md");
    let text = fs::read_to_string(&path).unwrap();
    let now = drawn(&text);
    if env::var_os("O2CB_PICTURES").is_some_and(|what| what == "write") {
        fs::write(&path, now).unwrap();
        return;
    }
    assert!(text.matches("\n$ o2cb ").count() >= 12, "few pictures are left");
    for (line, (old, new)) in text.lines().zip(now.lines()).enumerate() {
        assert_eq!(old, new, "{}:{}: O2CB_PICTURES=write puts it right", path.display(), line + 1);
    }
    assert_eq!(text, now);
}

#[test]
fn nothing_is_wider_than_a_terminal() {
    for command in [
        "o2cb --config-file=four.conf forecast",
        "o2cb --config-file=three-3.conf forecast --threshold 121 --idle-timeout 60000",
        "o2cb --config-file=three-3.conf forecast --stall *@db2:100s --split 1/2,3+20s --kill db3+100s --io-error DCDA@1",
    ] {
        for line in said(command).lines() {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
    }
}

#[test]
fn what_programs_are_told() {
    let text = said("o2cb --config-file=two.conf forecast --split 1/2 --threshold 61 --json");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let outlook = &json["outlook"];
    assert_eq!(outlook["left"], serde_json::json!([[1]]));
    assert_eq!(outlook["victims"][0]["node"], 2);
    assert_eq!(outlook["victims"][0]["rule"], "half_without_lowest");
    let (earliest, latest) = (&outlook["victims"][0]["earliest_s"], &outlook["victims"][0]["latest_s"]);
    assert!(earliest.as_f64().unwrap() >= 94.0 && latest.as_f64().unwrap() <= 101.0, "{outlook}");
    assert_eq!((&json["settings"]["dead_threshold"], &json["compared"]["settings"]["dead_threshold"]), (&31.into(), &61.into()));
    assert_eq!(json["live"], false);
    assert!(json["splits"].is_null() && outlook["timeline"].as_array().unwrap().len() > 5);
}

#[test]
fn arguments_that_do_not_fit() {
    for (arguments, words) in [
        (vec!["x", "--config-file=two.conf", "forecast", "--kill", "db9"], "no beating node 'db9'"),
        (vec!["x", "--config-file=two.conf", "forecast", "--down", "db1,db2"], "all nodes are down"),
        (vec!["x", "--config-file=two.conf", "forecast", "--idle-timeout", "1500"], "the kernel refuses it"),
    ] {
        let command = Command::try_parse_from(arguments).unwrap();
        let wrong = told(&ModelKernel::new(), &Named(command.config_file), true, &command.options).unwrap().unwrap_err();
        assert!(wrong.contains(words), "{wrong}");
    }
    let command = Command::try_parse_from(["x", "--config-file=two.conf", "forecast", "other"]).unwrap();
    let unknown = told(&ModelKernel::new(), &Named(command.config_file), true, &command.options).unwrap_err();
    assert!(unknown.to_string().contains("no cluster 'other'; it has web"), "{unknown}");
}
