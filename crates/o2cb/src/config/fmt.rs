//! `config fmt`: the file in its usual form.

use super::file::{self, LockedFile};
use crate::FAILED;
use crate::place::Place;
use anyhow::bail;
use formats::cluster_conf::Document;
use formats::config_problem::Problem;
use std::path::Path;

/// Writes the file anew, or tells whether it would change.
pub(super) fn run(place: &Place, check: bool) -> anyhow::Result<u8> {
    let path = place.cluster_conf();
    if check {
        let Some(old) = file::read(path)? else { bail!("{}: not there", path.display()) };
        if usual(path, &old)? == old {
            return Ok(0);
        }
        crate::say(&format!("o2cb: {}: not in its usual form; 'o2cb config fmt' writes it so", path.display()));
        return Ok(FAILED);
    }
    if file::read(path)?.is_none() {
        bail!("{}: not there", path.display());
    }
    let file = LockedFile::lock(path)?;
    let Some(old) = file.read()? else { bail!("{}: not there", path.display()) };
    file.replace(Some(&old), &usual(path, &old)?)?;
    Ok(0)
}

fn usual(path: &Path, old: &[u8]) -> anyhow::Result<Vec<u8>> {
    let document = Document::parse(old);
    match (document.canonical(), document.problems(None).into_iter().find(Problem::is_error)) {
        (Ok(new), _) => Ok(new),
        (Err(_), Some(Problem { line, column, what, fix, .. })) => bail!("{}:{line}:{column}: {what}; {fix}", path.display()),
        (Err(error), None) => Err(error.into()),
    }
}
