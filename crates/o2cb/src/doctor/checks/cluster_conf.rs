//! The configuration's files.

use crate::doctor::check::{Finding, Severity, Verdict};
use crate::doctor::facts::Facts;
use formats::cluster_conf::rules;
use formats::config_problem::Problem;

/// What other checks tell with more that they know.
const ELSEWHERE: [&str; 4] = [rules::NOT_THIS_HOST.id, rules::ADDRESS_NOT_HERE.id, rules::REGION_NOT_HERE.id, rules::FEW_REGIONS.id];

pub fn judge(facts: &Facts) -> Verdict {
    let config = &facts.config;
    match &config.there {
        Err(why) => return Verdict::Unknown(why.clone(), Vec::new()),
        Ok(false) if facts.cluster().is_some() => {
            let name = facts.cluster().map(|cluster| cluster.name.clone()).unwrap_or_default();
            let finding = Finding::trouble(format!("cluster '{name}' runs, and there is no {}", config.path))
                .because("after the next restart this machine is in no cluster")
                .fixed_by(format!("copy {} from another node", config.path));
            return Verdict::Findings(vec![finding]);
        }
        Ok(false) => return Verdict::NotApplicable(format!("there is no {}: this machine is in no cluster", config.path)),
        Ok(true) => {}
    }
    let mut findings = told(&config.path, &config.problems);
    findings.extend(told(&config.defaults_path, &config.defaults_problems));
    let defaults = if config.defaults_there { format!(" and {}", config.defaults_path) } else { String::new() };
    Verdict::of(findings, format!("{}{defaults}", config.path))
}

fn told(path: &str, problems: &[Problem]) -> Vec<Finding> {
    let finding = |problem: &Problem| {
        let severity = if problem.is_error() { Severity::Trouble } else { Severity::Risk };
        let cause = match problem.rule.refuser.map(formats::config_problem::Refuser::word) {
            Some("reader") => "the reader of ocfs2-tools refuses the whole file for it (`Unknown code ____ 251`)".to_owned(),
            Some(refuser) => format!("refused by: {refuser}"),
            None => "it is accepted in silence".to_owned(),
        };
        let place = format!("{path}:{}:{}", problem.line, problem.column);
        let finding = Finding::trouble(format!("{place}: {}", problem.what)).seen(format!("{place}: rule {}", problem.rule.id));
        Finding { severity, ..finding.because(cause).fixed_by(format!("{path}:{}: {}", problem.line, problem.fix)) }
    };
    problems.iter().filter(|problem| !ELSEWHERE.contains(&problem.rule.id)).map(finding).collect()
}
