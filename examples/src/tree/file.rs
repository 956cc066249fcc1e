//! Reading and saving of tree files.

use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use dm_package::Strictness;
use dm_session::tree::dm1::{self, Ddf};
use dm_session::tree::{MoTree, TreeFile};
use dm_syncml::Limits;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::cli::TreeArgs;
use crate::lamp;

/// The longest file, in bytes.
const MAX_FILE: u64 = 256 << 20;

/// What has to be known of a file before its tree can be made.
#[derive(Deserialize)]
struct Outline {
    #[serde(default)]
    definitions: Vec<Definition>,
    #[serde(default)]
    tree: Vec<Place>,
}

/// A node, as far as where it is.
#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    path: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Definition {
    /// One that the device gives.
    Named(String),
    Inline(IgnoredAny),
}

/// The tree of the file.
pub(super) fn load(arguments: &TreeArgs) -> anyhow::Result<MoTree> {
    let by_path = arguments.command.is_some() || arguments.tnds.is_some();
    load_as(&arguments.file, arguments.ddf.as_deref(), arguments.strict, by_path)
}

/// The tree of a device that speaks DM 1.2.
pub(crate) fn load_by_path(file: &Path) -> anyhow::Result<MoTree> {
    load_as(file, None, false, true)
}

fn load_as(file: &Path, ddf: Option<&Path>, strict: bool, by_path: bool) -> anyhow::Result<MoTree> {
    let place = || file.display().to_string();
    let text = read(file)?;
    let file: TreeFile = serde_json::from_slice(&text).with_context(place)?;
    let outline: Outline = serde_json::from_slice(&text).with_context(place)?;

    // Of the lamp's definitions, those that the file names: a device that `dm connect` has saved.
    let mut config = lamp::tree_config();
    let named = |moid: &str| outline.definitions.iter().any(|it| matches!(it, Definition::Named(name) if name == moid));
    config.definitions.retain(|definition| named(definition.moid()));
    if strict {
        config = config.with_strictness(Strictness::Strict);
    }
    let by_path = by_path || !outline.tree.is_empty();
    if let Some(ddf) = ddf {
        let place = || ddf.display().to_string();
        let description = Ddf::parse(&read(ddf)?, &Limits::DEFAULT).with_context(place)?;
        let (paths, definitions) = description.describe(dm1::Config::new());
        config = config.with_dm1(paths);
        config.definitions.extend(definitions);
        MoTree::new(config.clone()).with_context(place)?;
    } else if by_path {
        // The lamp by its path, where the file has it there.
        let lamp = outline.tree.iter().any(|node| node.path == "Lamp") && named(lamp::LAMP);
        config = config.with_dm1(if lamp { lamp::paths() } else { dm1::Config::new() });
    }
    MoTree::from_file(config, file).with_context(place)
}

/// The bytes of a file; `-` is standard input.
pub(super) fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().take(MAX_FILE + 1).read_to_end(&mut bytes).context("standard input")?;
    } else {
        let opened = std::fs::File::open(file).with_context(|| file.display().to_string())?;
        opened.take(MAX_FILE + 1).read_to_end(&mut bytes).with_context(|| file.display().to_string())?;
    }
    let fits = u64::try_from(bytes.len())? <= MAX_FILE;
    anyhow::ensure!(fits, "{}: more than {} MiB", file.display(), MAX_FILE >> 20);
    Ok(bytes)
}

/// Writes the tree, for its owner's eyes only: it holds secrets. A failure leaves the old file.
pub(crate) fn save(tree: &TreeFile, file: &Path) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(tree)?;
    let mut new = file.as_os_str().to_owned();
    new.push(".new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let place = || file.display().to_string();
    let mut out = options.open(&new).with_context(place)?;
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).with_context(place)?;
    std::fs::rename(&new, file).with_context(place)
}
