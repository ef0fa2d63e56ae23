"""What a value may be: types with their checks, whose messages go on after the key's name."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_network
from typing import Annotated, Final
from urllib.parse import unquote

from pydantic import AfterValidator, BeforeValidator, SecretStr

from partnerhook.core import standard_webhooks
from partnerhook.core.web_address import web_address

CALLBACK_PATH: Final = re.compile(r"/[^?#\s\x00-\x1f\x7f]*")
LISTEN: Final = re.compile(r"(?:\[(?P<ipv6>[^\]]+)\]|(?P<host>[^\s:/?#@\[\]\x00-\x1f\x7f]+)):(?P<port>[0-9]{1,5})")


def split_listen(listen: str, key: str) -> tuple[str, int]:
    """HOST:PORT apart; [::1]:8080 for IPv6. Raises ValueError."""
    found = LISTEN.fullmatch(listen)
    if found is None or int(found["port"]) > 65_535 or not _is_ipv6(found["ipv6"] or "::"):
        raise ValueError(f"{key} is not HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
    return found["ipv6"] or found["host"], int(found["port"])


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _address(listen: str) -> str:
    split_listen(listen, "this")
    return listen


def _path(path: str) -> str:
    if not CALLBACK_PATH.fullmatch(path):
        raise ValueError("this is not a path: it begins with / and has no blank, ? or #")
    return unquote(path)  # the receiver compares with what the client's %-escapes mean


def split_secrets(text: str) -> list[str]:
    """Values apart that are separated by commas or line ends."""
    return [part.strip() for part in re.split(r"[,\r\n]", text) if part.strip()]


def _split(value: object) -> object:
    return split_secrets(value) if isinstance(value, str) else value


def _stripped(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value().strip()
    # Anybody can sign with the empty secret, and a request without a verify token would match an empty one.
    if not value:
        raise ValueError("this is empty")
    # What of a variable is not UTF-8 reaches Python as lone surrogates, which no signature can be made with.
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("this is not UTF-8")
    return SecretStr(value)


def _web_address(url: str) -> str:
    try:
        return web_address(url)
    except ValueError as problem:
        raise ValueError(f"this {problem}") from None


def _digits(text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("this is not a string of digits")
    return text


def _text(value: object) -> object:
    return str(value) if type(value) is int else value  # in TOML an id is easily written without quotes


def _number(value: object) -> object:
    # pydantic takes true for 1, and a bound of one connection is not what anybody meant.
    if isinstance(value, bool):
        raise ValueError("this is true or false, and must be a number")  # noqa: TRY004 - pydantic takes no other
    return value


def _webhook_secret(secret: SecretStr) -> SecretStr:
    try:
        standard_webhooks.key_of(secret.get_secret_value())
    except ValueError as problem:
        raise ValueError(f"this {problem}") from None
    return secret


def _listed(value: object) -> object:
    """One text where a list is meant is a list of one, and ids may stand without quotes."""
    items = [value] if isinstance(value, (str, int)) and not isinstance(value, bool) else value
    return [_text(item) for item in items] if isinstance(items, list) else items


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise ValueError("this is no network such as 10.0.0.0/24 or fd00::/8") from None
    return text


Whole = Annotated[int, BeforeValidator(_number)]
Number = Annotated[float, BeforeValidator(_number)]
Address = Annotated[str, AfterValidator(_address)]
CallbackPath = Annotated[str, AfterValidator(_path)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Identifier = Annotated[str, BeforeValidator(_text), AfterValidator(_digits)]
Secret = Annotated[SecretStr, AfterValidator(_stripped)]
SecretList = Annotated[tuple[Secret, ...], BeforeValidator(_split)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(_split)]
WebhookSecret = Annotated[SecretStr, AfterValidator(_stripped), AfterValidator(_webhook_secret)]
WebhookSecrets = Annotated[tuple[WebhookSecret, ...], BeforeValidator(_split)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]
