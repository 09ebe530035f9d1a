//! The `[features]` table of a crate, as far as its combinations need it. Not a parser of TOML.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Result, workspace};

/// The features of a crate and which of them imply which.
pub(crate) struct Features(BTreeMap<String, BTreeSet<String>>);

impl Features {
    /// Reads them from the manifest in `dir` of the workspace.
    pub(crate) fn of(dir: &str) -> Result<Self> {
        let path = workspace::root().join(dir).join("Cargo.toml");
        let features = Self::parse(&workspace::read(&path)?);
        if features.0.is_empty() {
            return Err(format!("no features found in {}", workspace::shown(&path)));
        }
        Ok(features)
    }

    fn parse(manifest: &str) -> Self {
        let mut features = BTreeMap::new();
        let mut in_table = false;
        let mut entry = String::new();
        for line in manifest.lines() {
            let line = line.split('#').next().unwrap_or("").trim();
            if entry.is_empty() && line.starts_with('[') {
                in_table = line == "[features]";
            } else if in_table {
                entry += line;
                // A list may span lines; features never hold lists in lists.
                if entry.ends_with(']') {
                    if let Some((name, list)) = entry.split_once('=') {
                        let values = list.trim().trim_matches(['[', ']']).split(',');
                        let values = values.map(|value| value.trim().trim_matches('"').to_string());
                        features.insert(
                            name.trim().trim_matches('"').to_string(),
                            values.collect::<BTreeSet<_>>(),
                        );
                    }
                    entry.clear();
                }
            }
        }
        features.remove("default");
        let names: BTreeSet<String> = features.keys().cloned().collect();
        for implied in features.values_mut() {
            implied.retain(|value| names.contains(value));
        }
        Self(features)
    }

    /// Every set of features, except that of two sets equal by implication only the one that is written out in full.
    pub(crate) fn combinations(&self) -> Vec<BTreeSet<&str>> {
        let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        (0..1_usize << names.len())
            .map(|bits| {
                (0..names.len())
                    .filter(|i| bits >> i & 1 == 1)
                    .map(|i| names[i])
                    .collect()
            })
            .filter(|set| self.is_closed(set))
            .collect()
    }

    /// `a implies b, ..`, for people.
    pub(crate) fn implications(&self) -> Vec<String> {
        let implying = self.0.iter().filter(|(_, implied)| !implied.is_empty());
        implying
            .map(|(name, implied)| {
                let implied: Vec<&str> = implied.iter().map(String::as_str).collect();
                format!("{name} implies {}", implied.join(", "))
            })
            .collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    fn is_closed(&self, set: &BTreeSet<&str>) -> bool {
        set.iter().all(|name| {
            self.0[*name]
                .iter()
                .all(|implied| set.contains(implied.as_str()))
        })
    }
}

/// As cargo's `--features` wants it.
pub(crate) fn joined(set: &BTreeSet<&str>) -> String {
    set.iter().copied().collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
[package]
keywords = ["not", "features"]

[features]
default = ["std"]
std = ["core/std"] # a comment
# A comment.
tokio = ["std", "dep:tokio"]
portable = [
    "dep:portable",
    "x/portable",
]

[dependencies]
tokio = { version = "1", features = ["rt"] }
"#;

    #[test]
    fn the_features_table_is_read_whole_and_nothing_else() {
        let features = Features::parse(MANIFEST);
        assert_eq!(
            features.0.keys().collect::<Vec<_>>(),
            ["portable", "std", "tokio"]
        );
        assert_eq!(features.implications(), ["tokio implies std"]);
    }

    #[test]
    fn sets_equal_by_implication_are_tried_once() {
        let features = Features::parse(MANIFEST);
        let combinations: Vec<String> = features.combinations().iter().map(joined).collect();
        assert_eq!(
            combinations,
            [
                "",
                "portable",
                "std",
                "portable,std",
                "std,tokio",
                "portable,std,tokio"
            ]
        );
    }
}
