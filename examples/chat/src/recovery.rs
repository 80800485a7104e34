//! What a client has missed: all of it, or nothing.

use crate::backplane::{Backplane, Result, Topic};
use crate::protocol::Position;
use crate::room::text;

/// The most messages that are sent again, and the most bytes; after more, the client reloads.
const MAX_MESSAGES: u64 = 1000;
const MAX_BYTES: usize = 512 << 10;
/// How many entries one read returns.
const READ: usize = 256;

/// Returns the texts of everything after `since`, up to `head` inclusively; `None` if that is not
/// known completely, or too much.
pub(crate) async fn missed(
    backplane: &dyn Backplane,
    topic: &Topic,
    since: Position,
    head: &Position,
) -> Result<Option<Vec<String>>> {
    let Some(count) = head.offset.checked_sub(since.offset) else { return Ok(None) };
    if since.epoch != head.epoch || count > MAX_MESSAGES {
        return Ok(None);
    }
    let mut at = since;
    let mut texts = Vec::new();
    let mut bytes = 0;
    while at.offset < head.offset {
        let batches = backplane.read(&[(topic.clone(), at.clone())], READ).await?;
        let Some(batch) = batches.into_iter().next() else { return Ok(None) };
        let is_same = batch.head.is_some_and(|now| now.epoch == head.epoch);
        if !is_same || batch.entries.is_empty() {
            return Ok(None);
        }
        for entry in batch.entries.iter().take_while(|entry| entry.offset <= head.offset) {
            let text = text(topic, &head.epoch, entry);
            bytes += text.len();
            if entry.offset != at.offset + 1 || bytes > MAX_BYTES {
                return Ok(None);
            }
            at.offset = entry.offset;
            texts.push(text);
        }
    }
    Ok(Some(texts))
}
