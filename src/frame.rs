//! Frame headers (RFC 6455 §5.2) in isolation: no state, no role, no limits.

use core::ops::Deref;

use crate::bytes::put;
use crate::error::Violation;
use crate::mask::MaskingKey;
use crate::opcode::Opcode;

const FIN: u8 = 0x80;
const MASK: u8 = 0x80;
/// The marker of a 16-bit length; smaller values are the length itself.
const LEN_16: u8 = 126;
/// The marker of a 64-bit length.
const LEN_64: u8 = 127;
/// The longest payload of a control frame.
pub(crate) const MAX_CONTROL: usize = 125;

/// The header of a frame (§5.2).
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-----+-------+-+-------------+-------------------------------+
/// |F| RSV | opcode|M|  0 to 125   |  if 126: 16 bits of length    |
/// |I| 123 |       | |  126 or 127 |  if 127: 64 bits of length    |
/// +-+-----+-------+-+-------------+-------------------------------+
/// |  if M: 32 bits of masking key, then the payload               |
/// +---------------------------------------------------------------+
/// ```
///
/// Use this in a proxy or an analyser that handles frames itself; [`Connection`](crate::Connection)
/// adds the rules that need state.
///
/// ```
/// use rfc6455::{FrameHeader, Opcode};
/// let (header, len) = FrameHeader::decode(&[0x82, 0x7E, 0x01, 0x00, 0xAA])?.expect("complete");
/// assert_eq!((header.fin, header.opcode, header.payload_len), (true, Opcode::Binary, 256));
/// assert_eq!(len, 4);
/// assert_eq!(&*header.encode()?, [0x82, 0x7E, 0x01, 0x00]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Whether this is the last fragment of its message.
    pub fin: bool,
    /// RSV1, RSV2 and RSV3, whose meaning an extension defines.
    pub rsv: [bool; 3],
    /// The kind of the frame.
    pub opcode: Opcode,
    /// The masking key, if the frame is masked.
    pub masking_key: Option<MaskingKey>,
    /// The length of the payload in bytes; below 2^63.
    pub payload_len: u64,
}

impl FrameHeader {
    /// The length of the longest header, in bytes.
    pub const MAX_LEN: usize = 14;

    /// Parses the header at the front of `input`, and returns it with its length in bytes.
    ///
    /// Returns `Ok(None)` if `input` ends before the header does.
    ///
    /// # Errors
    /// Returns the rule of the header itself that these bytes break, whatever may follow them: a
    /// reserved opcode, a control frame that is fragmented or too long, or a length that has its
    /// highest bit set or takes more bytes than it needs.
    #[inline]
    pub fn decode(input: &[u8]) -> Result<Option<(Self, usize)>, Violation> {
        let Some(header) = Partial::read(input)? else { return Ok(None) };
        let Some((len, key)) = header.complete(input) else { return Ok(None) };
        let rsv = [0x40, 0x20, 0x10].map(|bit| header.rsv & bit != 0);
        let masking_key = if header.masked == Some(true) { Some(key) } else { None };
        let Partial { fin, opcode, least: payload_len, .. } = header;
        Ok(Some((Self { fin, rsv, opcode, masking_key, payload_len }, len)))
    }

    /// Encodes this header, with the length in its shortest form.
    ///
    /// # Errors
    /// Returns the rule of the header itself that it would break: [`Violation::LengthMsb`],
    /// [`Violation::ControlTooLong`] or [`Violation::FragmentedControl`].
    #[inline]
    pub fn encode(&self) -> Result<EncodedHeader, Violation> {
        match (self.opcode.is_control(), self.payload_len) {
            (_, 0x8000_0000_0000_0000..) => Err(Violation::LengthMsb),
            (true, 126..) => Err(Violation::ControlTooLong),
            (true, _) if !self.fin => Err(Violation::FragmentedControl),
            _ => Ok(self.to_bytes()),
        }
    }

    /// Encodes a header that is known to be legal.
    ///
    /// The bytes are put together in an integer. In an array they would be written in pieces and
    /// then read as a whole, and the CPU would stall on that read.
    #[inline]
    pub(crate) fn to_bytes(self) -> EncodedHeader {
        let (first, mask) = self.first_bits();
        let two = |marker: u8| u128::from(u16::from_le_bytes([first, mask | marker]));
        let swapped = u128::from(self.payload_len.swap_bytes());
        // "the minimal number of bytes MUST be used to encode the length" (§5.2)
        let (number, len): (u128, u8) = match self.payload_len {
            0..=125 => (two(0) | swapped >> 56 << 8, 2),
            126..=0xFFFF => (two(LEN_16) | swapped >> 48 << 16, 4),
            _ => (two(LEN_64) | swapped << 16, 10),
        };
        let (number, len) = match self.masking_key {
            None => (number, len),
            Some(MaskingKey(key)) => {
                let key = u128::from(u32::from_le_bytes(key));
                match len {
                    2 => (number | key << 16, 6),
                    4 => (number | key << 32, 8),
                    _ => (number | key << 80, 14),
                }
            }
        };
        EncodedHeader((number | u128::from(len) << 120).to_le_bytes())
    }

    /// Returns the first byte, and the mask bit of the second.
    #[inline]
    fn first_bits(&self) -> (u8, u8) {
        let [rsv1, rsv2, rsv3] = self.rsv.map(u8::from);
        let first =
            u8::from(self.fin) << 7 | rsv1 << 6 | rsv2 << 5 | rsv3 << 4 | self.opcode.bits();
        (first, if self.masking_key.is_some() { MASK } else { 0 })
    }

    /// Writes a header that is known to be legal to the front of `out`, and returns the rest.
    ///
    /// Returns `None` if there is too little room.
    #[inline]
    pub(crate) fn write<'o>(&self, out: &'o mut [u8]) -> Option<&'o mut [u8]> {
        let (first, mask) = self.first_bits();
        // "the minimal number of bytes MUST be used to encode the length" (§5.2)
        let [l0, l1, l2, l3, l4, l5, l6, l7] = self.payload_len.to_be_bytes();
        let out = match self.payload_len {
            0..=125 => put(out, [first, mask | l7])?,
            126..=0xFFFF => put(out, [first, mask | LEN_16, l6, l7])?,
            _ => put(out, [first, mask | LEN_64, l0, l1, l2, l3, l4, l5, l6, l7])?,
        };
        match self.masking_key {
            Some(MaskingKey(key)) => put(out, key),
            None => Some(out),
        }
    }
}

/// An encoded header by value: 2 to 14 bytes, to be written before its payload.
#[derive(Clone, Copy)]
pub struct EncodedHeader(
    /// The header, then zeros, and in the last byte the header's length.
    [u8; 16],
);

impl EncodedHeader {
    /// Returns the key to [mask](crate::mask()) the payload with, if this is a client's header.
    #[inline]
    #[must_use]
    pub fn masking_key(&self) -> Option<MaskingKey> {
        let [_, second, ..] = self.0;
        if second & MASK == 0 { None } else { self.last_chunk().copied().map(MaskingKey) }
    }
}

impl Deref for EncodedHeader {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        let [.., len] = self.0;
        self.0.get(..usize::from(len)).unwrap_or_default()
    }
}

impl AsRef<[u8]> for EncodedHeader {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl core::fmt::Debug for EncodedHeader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:02X?}", &**self)
    }
}

/// A header in the usual form: complete, with the shortest length, masked exactly if it must be.
///
/// This is the fast path to what [`Partial`] finds out about any header, right or wrong.
#[derive(Clone, Copy)]
pub(crate) struct Plain {
    /// FIN, RSV and opcode.
    pub(crate) first: u8,
    pub(crate) payload_len: u64,
    /// The length of the header in bytes.
    pub(crate) len: usize,
    /// Zero if the frame is not masked.
    pub(crate) key: MaskingKey,
}

impl Plain {
    /// Reads a header in the usual form; `None` means: take the slow path.
    #[inline(always)]
    pub(crate) fn read(input: &[u8], masked: bool) -> Option<Self> {
        let &[first, second, ref rest @ ..] = input else { return None };
        // The XOR removes the required mask bit; a wrong mask bit leaves a value above all markers.
        let (payload_len, rest, len) = match second ^ (if masked { MASK } else { 0 }) {
            short @ 0..=125 => (u64::from(short), rest, 2_usize),
            LEN_16 => {
                let (len, rest) = rest.split_first_chunk::<2>()?;
                let len = u64::from(u16::from_be_bytes(*len));
                if len < u64::from(LEN_16) {
                    return None;
                }
                (len, rest, 4)
            }
            LEN_64 => {
                let (len, rest) = rest.split_first_chunk::<8>()?;
                let len = u64::from_be_bytes(*len);
                if len <= 0xFFFF || len > u64::MAX >> 1 {
                    return None;
                }
                (len, rest, 10)
            }
            _ => return None,
        };
        if !masked {
            return Some(Self { first, payload_len, len, key: MaskingKey([0; 4]) });
        }
        let key = MaskingKey(*rest.first_chunk()?);
        Some(Self { first, payload_len, len: len.saturating_add(4), key })
    }
}

/// The facts that the first bytes of a header establish, however few they are.
///
/// Reading is monotone: a prefix is rejected if, and only if, no header can begin with it. So the
/// shortest rejected prefix ends with the byte that proves the violation.
#[derive(Clone, Copy)]
pub(crate) struct Partial {
    pub(crate) fin: bool,
    /// RSV1, RSV2, RSV3 in their positions in the first byte: 0x40, 0x20, 0x10.
    pub(crate) rsv: u8,
    pub(crate) opcode: Opcode,
    /// `None` until the second byte has arrived.
    pub(crate) masked: Option<bool>,
    /// The smallest and the largest payload length that are still possible.
    pub(crate) least: u64,
    pub(crate) most: u64,
    /// The length of the header before its masking key, in bytes; 0 until it is known.
    key_at: usize,
}

impl Partial {
    pub(crate) const RSV1: u8 = 0x40;

    /// Reads the bytes that have arrived; `Ok(None)` if there are none.
    #[inline]
    pub(crate) fn read(input: &[u8]) -> Result<Option<Self>, Violation> {
        let [first, rest @ ..] = input else { return Ok(None) };
        // "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket
        // Connection_." (§5.2)
        let opcode = Opcode::from_bits(first & 0x0F).ok_or(Violation::ReservedOpcode)?;
        let (fin, rsv) = (first & FIN != 0, first & 0x70);
        // "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be
        // fragmented." (§5.5)
        if opcode.is_control() && !fin {
            return Err(Violation::FragmentedControl);
        }
        let [second, rest @ ..] = rest else {
            let most = u64::MAX >> 1;
            return Ok(Some(Self { fin, rsv, opcode, masked: None, least: 0, most, key_at: 0 }));
        };
        let masked = Some(second & MASK != 0);
        let marker = second & !MASK;
        if opcode.is_control() && marker >= LEN_16 {
            return Err(Violation::ControlTooLong);
        }
        let (least, most, key_at) = match marker {
            LEN_16 => length(rest, 2, 126)?,
            LEN_64 => length(rest, 8, 1 << 16)?,
            short => (u64::from(short), u64::from(short), 2),
        };
        Ok(Some(Self { fin, rsv, opcode, masked, least, most, key_at }))
    }

    /// Returns the header's length in bytes and its masking key, if `input` has all of it.
    ///
    /// The key is zero if the frame is not masked. `input` has to be what this was read from.
    #[inline]
    pub(crate) fn complete(&self, input: &[u8]) -> Option<(usize, MaskingKey)> {
        match (self.key_at, self.masked) {
            (0, _) | (_, None) => None,
            (key_at, Some(false)) => Some((key_at, MaskingKey([0; 4]))),
            (key_at, Some(true)) => {
                let key = input.get(key_at..)?.first_chunk::<4>()?;
                Some((key_at.saturating_add(4), MaskingKey(*key)))
            }
        }
    }
}

/// Returns the bounds on a length of `len` bytes, given those of its bytes that have arrived.
///
/// The bounds are the smallest and the largest length that are still possible. The third number is
/// the index at which the header continues if the length is complete, else 0.
#[cfg_attr(feature = "std", inline(always))]
fn length(rest: &[u8], len: usize, minimum: u64) -> Result<(u64, u64, usize), Violation> {
    let (mut least, mut most) = (0, 0);
    for index in 0..len {
        let byte = rest.get(index).copied();
        least = least << 8 | u64::from(byte.unwrap_or(0));
        most = most << 8 | u64::from(byte.unwrap_or(0xFF));
    }
    let end = if rest.len() < len { 0 } else { len.saturating_add(2) };
    // "the most significant bit MUST be 0" (§5.2)
    if least > u64::MAX >> 1 {
        return Err(Violation::LengthMsb);
    }
    // "in all cases, the minimal number of bytes MUST be used to encode the length" (§5.2), so
    // lengths that have a shorter encoding are ruled out.
    if most < minimum {
        return Err(Violation::NonMinimalLength);
    }
    Ok((least.max(minimum), most.min(u64::MAX >> 1), end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s5_2_a_header_in_its_shortest_form_is_read_plain_and_no_other() {
        for masked in [false, true] {
            let masking_key = masked.then_some(MaskingKey([1, 2, 3, 4]));
            for payload_len in [0, 1, 125, 126, 0xFFFF, 0x1_0000, u64::MAX >> 1] {
                let (fin, rsv, opcode) = (false, [true, false, true], Opcode::Binary);
                let header = FrameHeader { fin, rsv, opcode, masking_key, payload_len }.to_bytes();
                let plain = Plain::read(&header, masked);
                let found = plain.map(|plain| (plain.first, plain.payload_len, plain.len));
                assert_eq!(found, Some((0x52, payload_len, header.len())));
                let key = masking_key.unwrap_or(MaskingKey([0; 4]));
                assert_eq!(plain.map(|plain| plain.key), Some(key));
                assert!(Plain::read(&header, !masked).is_none());
                let cut = |end| header.get(..end).and_then(|cut| Plain::read(cut, masked));
                assert!((0..header.len()).all(|end| cut(end).is_none()));
            }
        }
        for longer in [&[0x82, 126, 0, 125][..], &[0x82, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]] {
            assert!(Plain::read(longer, false).is_none());
        }
        assert!(Plain::read(&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], false).is_none());
    }
}
