//! What the documents claim about this repository holds.

#![expect(clippy::unwrap_used, reason = "a failed test panics")]

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *into += &fs::read_to_string(&path).unwrap();
        }
    }
}

#[test]
fn documents_name_tests_that_exist() {
    let mut code = String::new();
    sources(&root().join("crates"), &mut code);
    let document = fs::read_to_string(root().join("docs/o2locktop.md")).unwrap();
    // Names of tests are sentences: words joined by at least three underscores' worth.
    let named: Vec<&str> = document
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.matches('_').count() >= 2 && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))
        .collect();
    assert!(named.len() > 30, "{named:?}");
    let missing: Vec<&&str> = named.iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "docs/o2locktop.md names tests that are not there: {missing:?}");
    for number in 1..=32 {
        assert!(document.contains(&format!("\n| {number} | ")), "defect {number} has no line");
    }
}

#[test]
fn every_column_is_in_the_documents_of_json() {
    let document = fs::read_to_string(root().join("docs/json.md")).unwrap();
    for column in model::COLUMNS.iter().filter(|column| !matches!(column.id, "path" | "level")) {
        assert!(document.contains(&format!("`{}`", column.id)), "{} is not in docs/json.md", column.id);
    }
    for column in model::GLOCK_COLUMNS {
        assert!(document.contains(&format!("`{}`", column.id)), "{} is not in docs/json.md", column.id);
    }
}
