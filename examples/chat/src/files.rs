//! Files: streamed from a WebSocket to the disk, and from the disk to HTTP.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::RngExt;
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

/// The folder of files, each named by 128 random bits: to know its name is to be allowed to read it.
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
            || std::env::temp_dir().join(format!("chat-files-{}", name())),
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

fn name() -> String {
    format!("{:032x}", rand::rng().random::<u128>())
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

/// A file that is removed when this is dropped, unless it was kept.
struct Part {
    path: PathBuf,
    is_kept: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_kept {
            // It is gone, or the folder is.
            let _ = std::fs::remove_file(&self.path);
        }
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
        let part =
            Part { path: app.files.folder.join(format!("{}.part", self::name())), is_kept: false };
        let file = File::create(&part.path).await.map_err(|error| failed(&error))?;
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
    /// Gives the file its place, and returns its key and what to publish.
    pub(crate) async fn keep(mut self) -> Result<(String, Body), Refusal> {
        let kept = self.part.path.with_extension("");
        let keep = async {
            self.file.flush().await?;
            fs::rename(&self.part.path, &kept).await
        };
        keep.await.map_err(|error| failed(&error))?;
        self.part.is_kept = true;
        let id = kept.file_name().unwrap_or_default().to_string_lossy();
        let url = format!("/files/{id}");
        Ok((self.key, Body::File { name: self.name, size: self.size, url }))
    }
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
