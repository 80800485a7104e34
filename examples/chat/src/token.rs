//! Tokens: the user of a client, until when, and which rooms it may enter.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::protocol::is_name;

/// How long a token of `/token` is valid, in seconds.
const LIFETIME: u64 = 3600;

/// What a token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: String,
    /// When the token expires, in seconds since 1970.
    pub exp: u64,
    /// The rooms that the user may enter; all if there is no list.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rooms: Option<Vec<String>>,
}

impl Claims {
    /// Returns whether the user may enter a room.
    #[must_use]
    pub fn allows(&self, room: &str) -> bool {
        self.rooms.as_ref().is_none_or(|rooms| rooms.iter().any(|allowed| allowed == room))
    }
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// It has expired.
    Expired,
    /// It is malformed, signed by another key, or names no user.
    Invalid,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "the token has expired",
            Self::Invalid => "the token is invalid",
        })
    }
}

/// Verifies tokens, and issues them if nobody else does.
pub struct Tokens {
    key: DecodingKey,
    validation: Validation,
    issuer: Option<EncodingKey>,
}

impl Tokens {
    /// Creates the verifier for a secret; without one, makes a random one, and issues tokens.
    ///
    /// # Errors
    /// If the secret looks like a PEM, but is not that of an Ed25519 public key.
    pub fn new(secret: Option<&str>) -> Result<Self, jsonwebtoken::errors::Error> {
        let (key, algorithm, issuer) = match secret {
            Some(pem) if pem.trim_start().starts_with("-----BEGIN") => {
                (DecodingKey::from_ed_pem(pem.as_bytes())?, Algorithm::EdDSA, None)
            }
            Some(secret) => (DecodingKey::from_secret(secret.as_bytes()), Algorithm::HS256, None),
            None => {
                let secret: [u8; 32] = rand::rng().random();
                let issuer = EncodingKey::from_secret(&secret);
                (DecodingKey::from_secret(&secret), Algorithm::HS256, Some(issuer))
            }
        };
        let mut validation = Validation::new(algorithm);
        validation.leeway = 0;
        validation.validate_aud = false;
        validation.set_required_spec_claims(&["exp", "sub"]);
        Ok(Self { key, validation, issuer })
    }

    /// Returns what a token says.
    ///
    /// # Errors
    /// If it is not valid, or not any more.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let claims = match decode::<Claims>(token, &self.key, &self.validation) {
            Ok(token) => token.claims,
            Err(error) if *error.kind() == ErrorKind::ExpiredSignature => {
                return Err(TokenError::Expired);
            }
            Err(_) => return Err(TokenError::Invalid),
        };
        // The crate accepts the very second of the expiry.
        if claims.exp <= now() {
            return Err(TokenError::Expired);
        }
        if is_name(&claims.sub) { Ok(claims) } else { Err(TokenError::Invalid) }
    }

    /// Issues a token for a user; `None` if another service does that.
    #[must_use]
    pub fn issue(&self, user: &str) -> Option<(String, Claims)> {
        let claims = Claims { sub: user.into(), exp: now() + LIFETIME, rooms: None };
        let token = encode(&Header::new(Algorithm::HS256), &claims, self.issuer.as_ref()?).ok()?;
        Some((token, claims))
    }
}

/// Returns the time in seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(secret: &str, algorithm: Algorithm, claims: &Claims) -> String {
        let key = EncodingKey::from_secret(secret.as_bytes());
        encode(&Header::new(algorithm), claims, &key).unwrap()
    }

    fn claims(exp: u64) -> Claims {
        Claims { sub: "ann".into(), exp, rooms: Some(vec!["a".into()]) }
    }

    #[test]
    fn tokens_of_the_same_secret_are_valid_until_they_expire() {
        let tokens = Tokens::new(Some("secret")).unwrap();
        let verified = tokens.verify(&signed("secret", Algorithm::HS256, &claims(now() + 9)));
        let verified = verified.unwrap();
        assert_eq!(verified.sub, "ann");
        assert!(verified.allows("a") && !verified.allows("b"));
        let expired = tokens.verify(&signed("secret", Algorithm::HS256, &claims(now())));
        assert_eq!(expired.unwrap_err(), TokenError::Expired);
        assert!(tokens.issue("ann").is_none());
    }

    #[test]
    fn other_tokens_are_invalid() {
        let tokens = Tokens::new(Some("secret")).unwrap();
        let nameless = Claims { sub: String::new(), ..claims(now() + 9) };
        for token in [
            signed("other", Algorithm::HS256, &claims(now() + 9)),
            signed("secret", Algorithm::HS512, &claims(now() + 9)),
            signed("secret", Algorithm::HS256, &nameless),
            "a.b.c".into(),
            String::new(),
        ] {
            assert_eq!(tokens.verify(&token).unwrap_err(), TokenError::Invalid, "{token}");
        }
    }

    #[test]
    fn without_a_secret_tokens_are_issued() {
        let tokens = Tokens::new(None).unwrap();
        let (token, claims) = tokens.issue("ann").unwrap();
        assert_eq!(tokens.verify(&token).unwrap().exp, claims.exp);
        assert!(Tokens::new(None).unwrap().verify(&token).is_err());
    }

    #[test]
    fn a_public_key_verifies_tokens_of_eddsa() {
        // A pair that was made for this test.
        const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJqKQZkTDZQ2Ml4wx/7gkgXfMn8N2Of70KDXFgmM/sIo=\n-----END PUBLIC KEY-----\n";
        const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIALYgciZa2uBSkclC+AgrxedyhkxhaGHY4ozB39+Lxu7\n-----END PRIVATE KEY-----\n";
        let tokens = Tokens::new(Some(PUBLIC)).unwrap();
        let key = EncodingKey::from_ed_pem(PRIVATE.as_bytes()).unwrap();
        let token = encode(&Header::new(Algorithm::EdDSA), &claims(now() + 9), &key).unwrap();
        assert_eq!(tokens.verify(&token).unwrap().sub, "ann");
        // The public key is no secret, so it must not verify what is signed with it.
        let forged = signed(PUBLIC, Algorithm::HS256, &claims(now() + 9));
        assert_eq!(tokens.verify(&forged).unwrap_err(), TokenError::Invalid);
    }
}
