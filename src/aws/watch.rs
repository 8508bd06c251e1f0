//! Notices that credentials changed on disk: the shared files and the token caches, by name, size and time.
//!
//! Polled, because the caches are rewritten by rename on most systems and live on network homes on some.

use super::profile::Env;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Most files of one cache folder that are looked at.
const FOLDER_LIMIT: usize = 200;

/// What the files looked like at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stamp(Vec<(PathBuf, u64, Option<SystemTime>)>);

impl Stamp {
    /// Looks at the files now, off the async threads. A file that is not there is simply not in the stamp.
    pub async fn take(env: &Env) -> Self {
        let env = env.clone();
        tokio::task::spawn_blocking(move || Self::take_blocking(&env)).await.unwrap_or_default()
    }

    fn take_blocking(env: &Env) -> Self {
        let mut seen = Vec::new();
        for file in [&env.config_file, &env.credentials_file].into_iter().flatten() {
            note(file, &mut seen);
        }
        for folder in &env.token_caches {
            let Ok(entries) = std::fs::read_dir(folder) else { continue };
            for entry in entries.flatten().take(FOLDER_LIMIT) {
                note(&entry.path(), &mut seen);
            }
        }
        seen.sort();
        Self(seen)
    }
}

fn note(file: &Path, seen: &mut Vec<(PathBuf, u64, Option<SystemTime>)>) {
    if let Ok(found) = std::fs::metadata(file) {
        seen.push((file.to_owned(), found.len(), found.modified().ok()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_new_token_and_a_changed_file_are_noticed() {
        let folder = std::env::temp_dir().join(format!("eyewall-watch-{}", std::process::id()));
        let cache = folder.join("cache");
        std::fs::create_dir_all(&cache).unwrap();
        let env = Env {
            credentials_file: Some(folder.join("credentials")),
            config_file: Some(folder.join("missing")),
            token_caches: vec![cache.clone(), folder.join("no-such-folder")],
            ..Env::default()
        };
        let empty = Stamp::take(&env).await;
        assert_eq!(empty, Stamp::take(&env).await);
        std::fs::write(cache.join("token.json"), "{}").unwrap();
        let with_token = Stamp::take(&env).await;
        assert_ne!(empty, with_token);
        std::fs::write(folder.join("credentials"), "[default]").unwrap();
        let with_keys = Stamp::take(&env).await;
        assert_ne!(with_token, with_keys);
        assert_eq!(with_keys, Stamp::take(&env).await);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
