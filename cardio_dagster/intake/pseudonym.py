"""Pseudonyms made with the site's key.

Belongs here: turning a name that may identify a patient into one that does not. Not here: the key itself (stores/site_key.py).
"""

import hashlib
import hmac
import unicodedata


def pseudonym(key: bytes, text: str) -> str:
    """Return the pseudonym of `text`: 32 hex digits of HMAC-SHA256 (RFC 2104) under the site's key.

    The same name spelt with composed or decomposed letters (macOS, Linux) has one
    pseudonym; bytes of a file name that are not UTF-8 are taken as they stand.
    """
    spelt = unicodedata.normalize("NFC", text)
    return hmac.new(key, spelt.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]
