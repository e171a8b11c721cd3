//! `config check`: what is wrong in `cluster.conf` and in the file that starts the cluster, or will hurt later.

use super::{file, host};
use crate::FAILED;
use crate::place::Place;
use anyhow::bail;
use formats::cluster_conf::Document;
use formats::config_problem::Problem;
use serde_json::{Value, json};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Checks both files; fails if something in them is refused.
pub(super) fn run(place: &Place, as_json: bool) -> anyhow::Result<u8> {
    let path = place.cluster_conf();
    let Some(bytes) = file::read(path)? else {
        bail!("{}: not there: no cluster is configured; add one with 'o2cb add-cluster'", path.display());
    };
    let document = Document::parse(&bytes);
    let sysconfig = host::sysconfig(place)?;
    let (config, problems) = document.judge(Some(&host::facts(place, sysconfig.as_ref())));
    let mut found: Vec<(PathBuf, Vec<Problem>)> = vec![(path.to_owned(), problems)];
    if let Some(sysconfig) = sysconfig {
        // Clusters that are not understood are not missing.
        let names: Vec<&str> = config.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
        let known = document.config().is_ok().then_some(names.as_slice());
        found.push((host::sysconfig_path(place), sysconfig.problems(known)));
    }
    let errors = found.iter().flat_map(|(_, problems)| problems).filter(|problem| problem.is_error()).count();
    let mut out = io::stdout().lock();
    if as_json {
        let warnings = found.iter().map(|(_, problems)| problems.len()).sum::<usize>() - errors;
        let files: Vec<Value> = found.iter().map(|(path, problems)| file_json(path, problems)).collect();
        writeln!(out, "{:#}", json!({ "errors": errors, "warnings": warnings, "files": files }))?;
    } else {
        for (path, problems) in &found {
            for Problem { line, column, what, fix, rule } in problems {
                let grade = if rule.refuser.is_some() { "" } else { "warning: " };
                writeln!(out, "{}:{line}:{column}: {grade}{what}; {fix}", path.display())?;
            }
        }
    }
    out.flush()?;
    Ok(if errors == 0 { 0 } else { FAILED })
}

fn file_json(path: &Path, problems: &[Problem]) -> Value {
    let problems: Vec<Value> = problems
        .iter()
        .map(|problem| {
            json!({
                "line": problem.line,
                "column": problem.column,
                "grade": if problem.is_error() { "error" } else { "warning" },
                "rule": problem.rule.id,
                "refused_by": problem.rule.refuser.map(formats::config_problem::Refuser::word),
                "what": problem.what,
                "fix": problem.fix,
            })
        })
        .collect();
    json!({ "path": path.to_string_lossy(), "problems": problems })
}
