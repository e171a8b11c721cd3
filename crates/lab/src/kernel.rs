//! The kernels that nodes run. Each is a directory in the cache with
//! `kernel` (what is started), `modules.ext4` (mounted at `/lib/modules` in the node; also `config`) and, for QEMU, `initrd`.

use crate::cache::Recipe;
use crate::plan::{Engine, Series};
use std::path::{Path, PathBuf};

mod modules;
mod stock;
mod uml;

fn recipe(engine: Engine, series: Series) -> Recipe {
    match engine {
        Engine::Uml => uml::recipe(series),
        Engine::Qemu => stock::recipe(series),
    }
}

/// Builds or fetches the kernel unless the cache has it.
pub fn set_up(engine: Engine, series: Series) -> anyhow::Result<PathBuf> {
    recipe(engine, series).make(|place| match engine {
        Engine::Uml => uml::build(series, place),
        Engine::Qemu => stock::fetch(series, place),
    })
}

/// The kernel's directory in the cache.
pub fn find(engine: Engine, series: Series) -> anyhow::Result<PathBuf> {
    recipe(engine, series).find(&format!("setup --engine {} --kernel {}", engine.name(), series.name()))
}

/// The program or image in a kernel's directory.
pub fn image(place: &Path) -> PathBuf {
    place.join("kernel")
}

/// The file system of its modules.
pub fn modules(place: &Path) -> PathBuf {
    place.join("modules.ext4")
}

/// The initial RAM disk of a stock kernel.
pub fn initrd(place: &Path) -> PathBuf {
    place.join("initrd")
}
