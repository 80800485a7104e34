//! The options for compression, which need the feature `deflate`.

use lexopt::{Error, Parser, ValueExt};

/// What to offer or accept, and what to spend on it.
#[cfg(feature = "deflate")]
pub(crate) type Config = rfc6455::deflate::Config;
/// Nothing.
#[cfg(not(feature = "deflate"))]
#[derive(Clone, Copy)]
pub(crate) struct Config;

#[cfg(not(feature = "deflate"))]
impl Config {
    pub(crate) const DEFAULT: Self = Self;
}

/// What `--help` shows.
pub(crate) const USAGE: &str = "
With the feature `deflate`, messages are compressed for a peer that wants it:
  --window BITS          the largest window, ours and the peer's: 9 to 15 (default: 15)
  --no-takeover          no message refers to an earlier one, on either side
";

/// Sets `--window`.
#[cfg_attr(not(feature = "deflate"), allow(unused_variables))]
pub(crate) fn window(config: &mut Config, parser: &mut Parser) -> Result<(), Error> {
    let bits = parser.value()?.parse_with(|bits| {
        bits.parse::<u8>()
            .ok()
            .filter(|bits| *bits < 16)
            .ok_or("--window needs a number from 9 to 15")
    })?;
    #[cfg(feature = "deflate")]
    (*config = config.send_window(bits).receive_window(bits));
    Ok(())
}

/// Sets `--no-takeover`.
#[cfg_attr(not(feature = "deflate"), allow(unused_variables))]
pub(crate) fn no_takeover(config: &mut Config) {
    #[cfg(feature = "deflate")]
    (*config = config.send_takeover(false).receive_takeover(false));
}
