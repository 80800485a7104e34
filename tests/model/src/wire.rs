//! One direction of the transport: the bytes in flight, and their meaning.

use std::collections::VecDeque;

/// Something that the receiver must report; items are reported in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    Byte {
        text: bool,
        byte: u8,
    },
    MessageEnd,
    Ping(Payload),
    Pong(Payload),
    Close(Option<u16>),
    /// A violation, with its status code.
    Violation(u16),
}

/// The payload of a Ping or Pong: a byte that distinguishes it, repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Payload {
    pub name: u8,
    pub len: u8,
}

impl Payload {
    pub fn bytes(self) -> Vec<u8> {
        vec![self.name; usize::from(self.len)]
    }
}

/// How much one read finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Byte,
    /// All but the last byte of one write.
    AllButOne,
    /// The rest of one write, usually a frame.
    Piece,
    All,
}

#[derive(Clone, Debug, Default, Hash)]
pub struct Wire {
    /// The pieces, one per write.
    pieces: VecDeque<Vec<u8>>,
    /// The bytes of the first piece that were read.
    taken: usize,
    pub items: VecDeque<Item>,
    /// Nothing follows the bytes in flight.
    pub ended: bool,
    /// Everything written is lost.
    pub lost: bool,
    /// The number of bytes ever written, plus those ever read: it only grows.
    pub moved: usize,
}

impl Wire {
    pub fn write(&mut self, piece: &[u8], items: &[Item]) {
        self.moved += piece.len();
        if !self.lost {
            self.pieces.push_back(piece.to_vec());
            self.items.extend(items);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Breaks the transport: the bytes in flight are lost, and all later ones.
    pub fn lose(&mut self) {
        self.pieces.clear();
        self.items.clear();
        self.taken = 0;
        self.lost = true;
    }

    /// Returns the reads that make a difference. Single bytes reach every split; the others reach
    /// the receiver's fast paths for complete frames. One split inside a long payload stands for all.
    pub fn extents(&self) -> Vec<Extent> {
        let Some(first) = self.pieces.front() else { return Vec::new() };
        let left = first.len() - self.taken;
        let mut extents = Vec::new();
        if left <= 12 || self.taken < 7 {
            extents.push(Extent::Byte);
        }
        if left > 12 {
            extents.push(Extent::AllButOne);
        }
        if left > 1 {
            extents.push(Extent::Piece);
        }
        if self.pieces.len() > 1 {
            extents.push(Extent::All);
        }
        extents
    }

    pub fn read(&mut self, extent: Extent) -> Vec<u8> {
        let left = self.pieces.front().map_or(0, |first| first.len() - self.taken);
        let mut count = match extent {
            Extent::Byte => 1,
            Extent::AllButOne => left - 1,
            Extent::Piece => left,
            Extent::All => self.pieces.iter().map(Vec::len).sum::<usize>() - self.taken,
        };
        self.moved += count;
        let mut bytes = Vec::with_capacity(count);
        while let (1.., Some(first)) = (count, self.pieces.front()) {
            let end = first.len().min(self.taken + count);
            bytes.extend(&first[self.taken..end]);
            count -= end - self.taken;
            self.taken = end;
            if end == first.len() {
                self.pieces.pop_front();
                self.taken = 0;
            }
        }
        bytes
    }

    /// Returns the length of a Ping whose header was read, but not all of its payload.
    pub fn ping_under_way(&self) -> Option<u8> {
        let first = self.pieces.front()?;
        let header = if *first.get(1)? & 0x80 == 0 { 2 } else { 6 };
        (first[0] == 0x89 && self.taken >= header).then_some(first[1] & 0x7F)
    }
}
