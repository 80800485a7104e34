//! Which pages may connect: any page can send requests here, with its user's cookies.

use axum::http::{HeaderMap, header};

/// Returns whether a request is from the server's own origin, or an allowed one, or no browser.
pub(crate) fn is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    rest.is_some() && rest == host || allowed.iter().any(|allowed| allowed == origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(origin: &str) -> bool {
        let headers = [(header::HOST, "chat.example"), (header::ORIGIN, origin)];
        let headers = headers.map(|(name, value)| (name, value.parse().unwrap()));
        is_allowed(&HeaderMap::from_iter(headers), &["https://page.example".into()])
    }

    #[test]
    fn own_pages_and_listed_ones_may_connect() {
        assert!(from("http://chat.example") && from("https://chat.example"));
        assert!(from("https://page.example"));
        assert!(is_allowed(&HeaderMap::new(), &[]), "no browser");
    }

    #[test]
    fn other_pages_may_not() {
        for origin in [
            "http://page.example",
            "https://page.example:444",
            "https://chat.example.evil.example",
            "ftp://chat.example",
            "chat.example",
            "null",
            "",
        ] {
            assert!(!from(origin), "{origin}");
        }
    }
}
