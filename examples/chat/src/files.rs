//! Files: streamed from a WebSocket to the disk, and from the disk to HTTP.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::RngExt;
use sha2::{Digest, Sha256};
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;

use crate::app::App;
use crate::backplane::Body;
use crate::protocol::{Code, Id, Refusal};

/// How often a client is told how much of its file has arrived, in bytes.
const PROGRESS: u64 = 256 << 10;
/// The length of the key before each chunk.
const KEY: usize = 16;
/// The most files that one connection may upload at the same time.
const MAX_UPLOADS: usize = 4;

/// The folder of files. Nobody can guess a name, so to know it is to be allowed to read the file.
pub(crate) struct Files {
    folder: PathBuf,
    is_temporary: bool,
}

impl Files {
    /// Opens the folder, which is created if it is missing.
    ///
    /// # Errors
    /// If it cannot be created.
    pub(crate) fn open(folder: Option<&Path>) -> io::Result<Self> {
        let is_temporary = folder.is_none();
        let folder = folder.map_or_else(
            || {
                std::env::temp_dir()
                    .join(format!("chat-files-{:032x}", rand::rng().random::<u128>()))
            },
            Path::to_path_buf,
        );
        std::fs::create_dir_all(&folder)?;
        Ok(Self { folder, is_temporary })
    }

    /// Opens a file by its name, and returns its length too; `None` if there is none.
    pub(crate) async fn read(&self, name: &str) -> Option<(File, u64)> {
        let is_name = name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_name {
            return None;
        }
        let file = File::open(self.folder.join(name)).await.ok()?;
        let len = file.metadata().await.ok()?.len();
        Some((file, len))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if self.is_temporary {
            // What is left there is the operating system's to remove.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// The files that a connection uploads.
#[derive(Default)]
pub(crate) struct Uploads(HashMap<[u8; KEY], Upload>);

/// A file on its way.
pub(crate) struct Upload {
    pub(crate) re: Option<Id>,
    pub(crate) room: Arc<str>,
    key: String,
    name: String,
    size: u64,
    received: u64,
    file: File,
    part: Part,
}

/// A file that is removed when this is dropped.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // If it fails, the file is gone, or the folder is.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What a chunk came to.
pub(crate) enum Chunk {
    /// It was written.
    Taken,
    /// It was written, and the client is to be told how far it has got.
    Progress { key: String, received: u64, size: u64 },
    /// It was the last one.
    Complete(Box<Upload>),
}

/// Parses a key: the hexadecimal digits of 16 bytes, with or without the hyphens of a UUID.
fn parse_key(text: &str) -> Option<[u8; KEY]> {
    let digits: String = text.chars().filter(|&c| c != '-').collect();
    let is_hex = digits.len() == 2 * KEY && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex || text.len() > 36 {
        return None;
    }
    u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
}

fn failed(error: &io::Error) -> Refusal {
    tracing::error!(%error, "a file cannot be written");
    Refusal::new(Code::Unavailable, "the file cannot be stored now")
}

impl Uploads {
    /// Returns the request that a chunk belongs to.
    pub(crate) fn request(&self, chunk: &[u8]) -> Option<Id> {
        self.0.get(chunk.first_chunk::<KEY>()?)?.re.clone()
    }

    /// Gives up the file that a chunk belongs to.
    pub(crate) fn abort(&mut self, chunk: &[u8]) {
        if let Some(key) = chunk.first_chunk::<KEY>() {
            self.0.remove(key);
        }
    }

    /// Begins a file; one with the same key begins again.
    pub(crate) async fn begin(
        &mut self,
        app: &App,
        re: Option<Id>,
        room: Arc<str>,
        key: String,
        name: String,
        size: u64,
    ) -> Result<(), Refusal> {
        let bad = |why: &'static str| Refusal::new(Code::BadRequest, why);
        let Some(bytes) = parse_key(&key) else {
            return Err(bad("`key` of a file is 16 bytes in hexadecimal digits"));
        };
        if name.is_empty() || name.len() > 255 || name.chars().any(|c| c.is_control() || c == '/') {
            return Err(bad("`name` has 1 to 255 bytes, without controls and slashes"));
        }
        if size == 0 {
            return Err(bad("the file is empty"));
        }
        if size > app.settings.max_file {
            let why = format!("a file may have {} bytes", app.settings.max_file);
            return Err(Refusal::new(Code::TooLarge, why));
        }
        self.0.remove(&bytes);
        if self.0.len() >= MAX_UPLOADS {
            return Err(Refusal::new(Code::TooLarge, "4 files at a time"));
        }
        let random: u128 = rand::rng().random();
        let part = Part(app.files.folder.join(format!("{random:032x}.part")));
        let file = File::create(&part.0).await.map_err(|error| failed(&error))?;
        self.0.insert(bytes, Upload { re, room, key, name, size, received: 0, file, part });
        Ok(())
    }

    /// Writes a chunk behind its key.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<Chunk, (Option<Id>, Refusal)> {
        let Some((key, chunk)) = bytes.split_first_chunk::<KEY>() else {
            return Err((None, Refusal::new(Code::BadRequest, "a chunk begins with its key")));
        };
        let Some(upload) = self.0.get_mut(key) else {
            return Err((None, Refusal::new(Code::NotFound, "no file has this key")));
        };
        let before = upload.received;
        let written = if chunk.len() as u64 > upload.size - before {
            Err(Refusal::new(Code::TooLarge, "the file is longer than its `size`"))
        } else {
            upload.file.write_all(chunk).await.map_err(|error| failed(&error))
        };
        if let Err(refusal) = written {
            let re = self.0.remove(key).and_then(|upload| upload.re.clone());
            return Err((re, refusal));
        }
        upload.received += chunk.len() as u64;
        let (received, size) = (upload.received, upload.size);
        if received < size {
            let is_news = received / PROGRESS > before / PROGRESS;
            let progress = || Chunk::Progress { key: upload.key.clone(), received, size };
            return Ok(if is_news { progress() } else { Chunk::Taken });
        }
        let upload = self.0.remove(key);
        Ok(upload.map_or(Chunk::Taken, |upload| Chunk::Complete(Box::new(upload))))
    }
}

impl Upload {
    /// Keeps the file, and returns its key and what to publish.
    pub(crate) async fn keep(
        mut self,
        files: &Files,
        user: &str,
    ) -> Result<(String, Body), Refusal> {
        let name = name_of(user, &self.key);
        self.place(files, &name).await.map_err(|error| failed(&error))?;
        let url = format!("/files/{name}");
        Ok((self.key, Body::File { name: self.name, size: self.size, url }))
    }

    /// Gives the file its place.
    ///
    /// The same key of the same user leads to the same place, and what is there stays, so that a file
    /// that is sent again is the one that was published.
    async fn place(&mut self, files: &Files, name: &str) -> io::Result<()> {
        self.file.flush().await?;
        match fs::hard_link(&self.part.0, files.folder.join(name)).await {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    }
}

/// Returns the name of a file, which only those can tell who know its key, or are told.
fn name_of(user: &str, key: &str) -> String {
    let mut hash = Sha256::new();
    hash.update((user.len() as u64).to_be_bytes());
    hash.update(user);
    hash.update(key);
    let hash: [u8; 32] = hash.finalize().into();
    let half = hash.first_chunk().copied().map(u128::from_be_bytes);
    format!("{:032x}", half.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::parse_key;

    #[test]
    fn keys_are_16_bytes_in_digits() {
        let key = Some(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef_u128.to_be_bytes());
        assert_eq!(parse_key("0123456789abcdef0123456789ABCDEF"), key);
        assert_eq!(parse_key("01234567-89ab-cdef-0123-456789abcdef"), key);
        for text in ["", "0123456789abcdef", "+123456789abcdef0123456789abcdef", &"-".repeat(32)] {
            assert_eq!(parse_key(text), None, "{text}");
        }
    }
}
