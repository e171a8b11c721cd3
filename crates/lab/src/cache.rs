//! What is built once and kept: kernels, modules, the root image. Each is a directory named by its content key, so that a
//! changed recipe is built anew and an unchanged one never; it appears only when it is whole.

use crate::progress;
use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The lab's directory below the user's cache directory: everything that it keeps, and its running labs.
pub fn directory() -> anyhow::Result<PathBuf> {
    let of = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = of("XDG_CACHE_HOME").or_else(|| of("HOME").map(|home| home.join(".cache")));
    Ok(cache.context("neither XDG_CACHE_HOME nor HOME names a directory")?.join("dlmtop-lab"))
}

/// How one thing is made.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Short name, such as `kernel-uml-6.1`.
    pub name: String,
    /// Everything that decides the result: package names, files, patches.
    pub ingredients: Vec<String>,
}

impl Recipe {
    /// The recipe of `name` from `ingredients`.
    pub fn new(name: &str, ingredients: &[&str]) -> Recipe {
        Recipe { name: name.to_owned(), ingredients: ingredients.iter().map(|&text| text.to_owned()).collect() }
    }

    /// The first 16 digits of the SHA-256 of all ingredients.
    fn key(&self) -> String {
        let mut hash = Sha256::new();
        for ingredient in &self.ingredients {
            hash.update(ingredient.len().to_le_bytes());
            hash.update(ingredient);
        }
        hash.finalize().iter().take(8).fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
    }

    /// Where it is kept, made or not.
    fn place(&self) -> anyhow::Result<PathBuf> {
        Ok(directory()?.join(format!("{}-{}", self.name, self.key())))
    }

    /// The finished directory; an error that says what to run (`setup` with options) if it was never made.
    pub fn find(&self, setup: &str) -> anyhow::Result<PathBuf> {
        let place = self.place()?;
        if !place.is_dir() {
            bail!("{} is not built (looked for {}); run: cargo xtask lab {setup}", self.name, place.display());
        }
        Ok(place)
    }

    /// What older recipes made is of no use to this checkout, and another one makes it again. Not while a lab is there: its
    /// nodes may start again from it.
    fn discard_older(&self, cache: &Path) -> anyhow::Result<()> {
        for old in fs::read_dir(cache)?.filter_map(Result::ok) {
            let name = old.file_name();
            let of_this = name.to_str().and_then(|name| name.strip_prefix(&self.name)).and_then(|rest| rest.strip_prefix('-'));
            if of_this.is_some_and(|key| key.len() == 16 && key.chars().all(|digit| digit.is_ascii_hexdigit())) {
                discard(&old.path())?;
            }
        }
        Ok(())
    }

    /// Makes it with `make`, which fills an empty directory, unless it is there. Returns where it is.
    ///
    /// Two processes never make the same thing at once: the second waits. What an interrupted one left is thrown away.
    pub fn make(&self, make: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<PathBuf> {
        let place = self.place()?;
        if place.is_dir() {
            progress::say(&format!("{}: cached", self.name));
            return Ok(place);
        }
        let cache = directory()?;
        fs::create_dir_all(&cache).with_context(|| cache.display().to_string())?;
        let lock = File::create(cache.join(format!("{}.lock", self.name)))?;
        lock.lock().with_context(|| format!("waiting for another setup of {}", self.name))?;
        if place.is_dir() {
            return Ok(place);
        }
        let began = std::time::Instant::now();
        let unfinished = cache.join(format!("{}.unfinished", self.name));
        discard(&unfinished)?;
        fs::create_dir(&unfinished)?;
        make(&unfinished).with_context(|| format!("making {} (in {})", self.name, unfinished.display()))?;
        if fs::read_dir(cache.join("labs")).map_or(true, |mut labs| labs.next().is_none()) {
            self.discard_older(&cache)?;
        }
        fs::rename(&unfinished, &place)?;
        progress::say(&format!("{}: made in {:.0} s", self.name, began.elapsed().as_secs_f64()));
        Ok(place)
    }
}

/// Removes a directory with all that is in it, if it is there.
pub fn discard(path: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).with_context(|| format!("removing {}", path.display())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_depends_on_every_ingredient_and_on_their_borders() {
        let key = |ingredients: &[&str]| Recipe::new("x", ingredients).key();
        assert_eq!(key(&["a", "b"]).len(), 16);
        assert_ne!(key(&["a", "b"]), key(&["ab"]));
        assert_ne!(key(&["a", "b"]), key(&["a", "c"]));
        assert_eq!(key(&["a", "b"]), key(&["a", "b"]));
    }
}
