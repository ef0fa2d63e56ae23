"""Texts of Meta that can be shown: without tokens, of a line's length, with nothing a terminal trips over.

Meta's refusals repeat the token that they refuse ("Malformed access token EAA..."), also of a token
that was only asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

TEXT_CHARS_MAX: Final = 500
"""Meta's longest messages have about 300 characters."""

HIDDEN: Final = "[hidden]"

TOKEN_FORM: Final = re.compile(
    r"EAA[0-9A-Za-z]{8,}"  # user, system user and business tokens
    r"|[0-9]{5,}(?:\||%7[Cc])[0-9A-Za-z_-]{8,}"  # app tokens: APP_ID|APP_SECRET
    r"|(?:access_token|input_token|appsecret_proof|verify_token)=[^&\s\"'<>]+"
)


def as_text(value: object, chars_max: int = TEXT_CHARS_MAX) -> str:
    """One line of printable text; empty where it is no text."""
    if not isinstance(value, str):
        return ""
    line = " ".join(value.split())[:chars_max]
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)


def hide(value: object, secrets: Iterable[str]) -> str:
    """As text, without any of `secrets` and without what looks like a token."""
    if not isinstance(value, str):
        return ""
    for secret in secrets:
        for form in {secret, quote(secret, safe="")} - {""}:
            value = value.replace(form, HIDDEN)
    return as_text(TOKEN_FORM.sub(HIDDEN, value))
