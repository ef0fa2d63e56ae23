"""URLs that lead where they must not are refused before anything is resolved, and those that are meant are not."""

from __future__ import annotations

import pytest

from partnerhook.sinks.outbound import check_url
from partnerhook.sinks.outbound_url import read_url

OWN_ADDRESSES = {
    "loopback": "https://127.0.0.1/",
    "the whole of loopback": "https://127.9.9.9/",
    "unspecified": "https://0.0.0.0/",
    "private": "https://10.1.2.3/hook",
    "private with a port": "https://192.168.0.1:8443/",
    "carrier NAT": "https://100.64.0.1/",
    "metadata": "https://169.254.169.254/latest/meta-data/",
    "metadata of another cloud": "https://100.100.100.200/",
    "wire server": "https://168.63.129.16/",
    "IPv6 loopback": "https://[::1]/",
    "IPv6 unspecified": "https://[::]/",
    "IPv6 metadata": "https://[fd00:ec2::254]/",
    "IPv6 link-local": "https://[fe80::1]/",
    "IPv4-mapped": "https://[::ffff:127.0.0.1]/",
    "IPv4-mapped in hexadecimal": "https://[::ffff:7f00:1]/",
    "IPv4-mapped, unabridged": "https://[0:0:0:0:0:ffff:7f00:0001]/",
    "IPv4-mapped metadata": "https://[::ffff:a9fe:a9fe]/",
    "IPv4-compatible": "https://[::127.0.0.1]/",
    "NAT64": "https://[64:ff9b::7f00:1]/",
    "NAT64 metadata": "https://[64:ff9b::169.254.169.254]/",
    "local NAT64": "https://[64:ff9b:1::8.8.8.8]/",
    "6to4": "https://[2002:7f00:1::]/",
    "6to4 metadata": "https://[2002:a9fe:a9fe::]/",
    "Teredo": "https://[2001:0:7f00:1::]/",
    "multicast": "https://224.0.0.1/",
    "broadcast": "https://255.255.255.255/",
}

OWN_NAMES = {
    "localhost": "https://localhost/",
    "upper case": "https://LOCALHOST/",
    "mixed case": "HTTPS://LocalHost:443/",
    "below localhost": "https://anything.localhost/",
    "metadata": "https://metadata.google.internal/",
    "metadata without its end": "https://metadata/",
    "a neighbour": "https://redis:6379/",
    "multicast DNS": "https://printer.local/",
    "home network": "https://router.home.arpa/",
}

NO_URLS = {
    "nothing": "",
    "decimal": "https://2130706433/",
    "decimal with a port": "https://2130706433:443/",
    "octal": "https://0177.0.0.1/",
    "octal everywhere": "https://0177.0000.0000.0001/",
    "leading zeros": "https://127.000.000.001/",
    "hexadecimal": "https://0x7f.1/",
    "hexadecimal in one": "https://0x7f000001/",
    "hexadecimal in upper case": "https://0X7F000001/",
    "hexadecimal zero": "https://0x/",
    "short": "https://127.1/",
    "zero": "https://0/",
    "three parts": "https://127.0.1/",
    "too large": "https://256.256.256.256/",
    "overflow": "https://4294967297/",
    "five parts": "https://127.0.0.1.1/",
    "a name that ends in a number": "https://example.127/",
    "trailing dot": "https://127.0.0.1./",
    "trailing dot of a name": "https://localhost./",
    "trailing dot of a public name": "https://example.com./",
    "leading dot": "https://.example.com/",
    "empty label": "https://example..com/",
    "percent-encoded": "https://%31%32%37.0.0.1/",
    "percent-encoded name": "https://%6c%6f%63alhost/",
    "percent-encoded full stop": "https://127%2e0%2e0%2e1/",
    "percent-encoded slash": "https://example.com%2f@127.0.0.1/",
    "percent-encoded zero": "https://127.0.0.1%00.example.com/",
    "zone": "https://[fe80::1%25eth0]/",
    "zone, bare": "https://[::1%eth0]/",
    "circled digits": "https://①②⑦.⓪.⓪.①/",
    "full-width digits": "https://１２７.０.０.１/",  # noqa: RUF001 - they are the point
    "ideographic full stop": "https://127。0。0。1/",
    "full-width full stop": "https://127．0．0．1/",  # noqa: RUF001 - it is the point
    "half-width full stop": "https://127｡0｡0｡1/",
    "full-width name": "https://ｌｏｃａｌｈｏｓｔ/",  # noqa: RUF001 - they are the point
    "sharp s": "https://faß.example.com/",
    "soft hyphen": "https://local\u00adhost/",
    "zero width": "https://local\u200bhost/",
    "user": "https://example.com@127.0.0.1/",
    "user with a password": "https://example.com:443@127.0.0.1/",
    "empty user": "https://@127.0.0.1/",
    "user before a public name": "https://user:password@example.com/",
    "two users": "https://example.com@example.org@127.0.0.1/",
    "backslash": "https://example.com\\@127.0.0.1/",
    "backslashes for slashes": "https:\\\\127.0.0.1\\",
    "backslash behind the host": "https://127.0.0.1\\.example.com/",
    "fragment": "https://example.com/#@127.0.0.1/",
    "fragment in the host": "https://example.com#@127.0.0.1/",
    "empty fragment": "https://example.com/#",
    "line end": "https://example.com\r\nHost: 127.0.0.1/",
    "line end behind": "https://example.com/\n",
    "tab": "https://exam\tple.com/",
    "blank": "https://example.com /",
    "blank before": " https://example.com/",
    "zero byte": "https://example.com\x00/",
    "quoted": "https://example.com/<script>",
    "no host": "https:///path",
    "no slashes": "https:127.0.0.1/",
    "one slash": "https:/127.0.0.1/",
    "no scheme": "//127.0.0.1/",
    "a bare host": "example.com",
    "file": "file:///etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_FLUSHALL",
    "unix socket": "unix:///var/run/docker.sock",
    "http over a unix socket": "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "web socket": "wss://example.com/",
    "port 0": "https://example.com:0/",
    "port too large": "https://example.com:65536/",
    "port no number": "https://example.com:https/",
    "negative port": "https://example.com:-1/",
    "empty port": "https://example.com:/",
    "port with a zero before": "https://example.com:0443/",
    "two ports": "https://example.com:443:80/",
    "text behind the bracket": "https://[2606:4700:4700::1111]example.com/",
    "name in brackets": "https://[example.com]/",
    "IPv4 in brackets": "https://[127.0.0.1]/",
    "open bracket": "https://[::1/",
    "IPv6 without brackets": "https://::1/",
    "long label": f"https://{'a' * 64}.example.com/",
    "long name": f"https://{'a.' * 130}example.com/",
    "hyphen before": "https://-example.com/",
}

PUBLIC = {
    "a name": ("https://hooks.example.com/partner", "hooks.example.com", None, "/partner"),
    "no path": ("https://example.com", "example.com", None, "/"),
    "a query": ("https://example.com/hook?key=a%20b&x=/", "example.com", None, "/hook?key=a%20b&x=/"),
    "a query without a path": ("https://example.com?key=1", "example.com", None, "/?key=1"),
    "a port": ("https://example.com:8443/a/b", "example.com", 8443, "/a/b"),
    "upper case": ("HTTPS://Hooks.EXAMPLE.com/Path", "hooks.example.com", None, "/Path"),
    "punycode": ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", None, "/"),
    "underscore": ("https://my_hooks.example.com/", "my_hooks.example.com", None, "/"),
    "digits": ("https://1.example.com/", "1.example.com", None, "/"),
    "an address": ("https://93.184.215.14/", "93.184.215.14", None, "/"),
    "an IPv6 address": ("https://[2606:4700:4700::1111]:8443/x", "2606:4700:4700::1111", 8443, "/x"),
    "NAT64 of a public address": ("https://[64:ff9b::8.8.8.8]/", "64:ff9b::8.8.8.8", None, "/"),
    "a name that only looks own": ("https://localhost.example.com/", "localhost.example.com", None, "/"),
    "an at sign in the path": ("https://example.com/@127.0.0.1", "example.com", None, "/@127.0.0.1"),
}


@pytest.mark.parametrize("url", OWN_ADDRESSES.values(), ids=OWN_ADDRESSES)
def test_an_address_of_our_own_is_refused(url: str):
    """The sentence names the way out."""
    with pytest.raises(ValueError, match=r"^leads to .* which is not of the public internet; internal = true"):
        check_url(url, internal=False)


@pytest.mark.parametrize("url", OWN_NAMES.values(), ids=OWN_NAMES)
def test_a_name_of_our_own_is_refused(url: str):
    """Before it is asked for."""
    with pytest.raises(ValueError, match=r"^leads to .*, a name of this machine or its network; internal = true"):
        check_url(url, internal=False)


@pytest.mark.parametrize("url", [*OWN_ADDRESSES.values(), *OWN_NAMES.values()], ids=[*OWN_ADDRESSES, *OWN_NAMES])
def test_what_is_our_own_may_be_internal(url: str):
    """Over plain http too."""
    plain = url.lower().replace("https://", "http://")

    assert check_url(url, internal=True) == url
    assert check_url(plain, internal=True) == plain


@pytest.mark.parametrize("internal", [False, True])
@pytest.mark.parametrize("url", NO_URLS.values(), ids=NO_URLS)
def test_what_two_programs_may_read_differently_is_refused(url: str, internal: bool):
    """Internal or not."""
    with pytest.raises(ValueError, match=r"^(is|has) "):
        check_url(url, internal=internal)


@pytest.mark.parametrize(("url", "host", "port", "target"), PUBLIC.values(), ids=PUBLIC)
def test_what_is_meant_is_taken_as_it_stands(url: str, host: str, port: int | None, target: str):
    """Host in small letters; path and query untouched."""
    place = read_url(url, internal=False)

    assert (place.scheme, place.host, place.port, place.target) == ("https", host, port, target)
    assert check_url(url, internal=False) == url


def test_plain_http_needs_internal():
    """And is told so."""
    with pytest.raises(
        ValueError, match=r"^leads to example\.com over plain http; it needs https, or internal = true$"
    ):
        check_url("http://example.com/", internal=False)

    assert check_url("http://example.com/", internal=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/s3cret?s3cret",
        "https://s3cret:s3cret@example.com/",
        "https://10.0.0.1/s3cret?s3cret",
        "https://localhost/s3cret",
        "https://example.com/#s3cret",
        "https://example.com:x/s3cret",
        "https://example.com/s3cret\\",
        "ftp://example.com/s3cret",
    ],
)
def test_a_refusal_shows_no_secret(url: str):
    """Neither user, path, query nor fragment."""
    with pytest.raises(ValueError, match=r"^(is|has|leads) ") as refused:
        check_url(url, internal=False)

    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
