"""Links in a mail's text: each written in one way, and whether it is one that is looked for. Pure functions."""

import html
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

_LINK = re.compile(r"https?://[^\s\"'<>\\^`{|}]+", re.IGNORECASE)
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[\w-]{1,63}\.)+(?:[\w-]{2,63}|\d{1,3})")
_SAFE_LINKS = ".safelinks.protection.outlook.com"


@dataclass(frozen=True, slots=True)
class Link:
    """A link without what does not matter: scheme, "www.", port, a slash at the end, and what follows a "#"."""

    host: str  # lower case; of an international name the form that DNS knows
    path: str = ""
    query: str = ""

    def covers(self, other: "Link") -> bool:
        """Whether another link is meant by this one: a host means all on it, a path whatever query follows."""
        if not self.path and not self.query:
            return self.host == other.host
        is_same_page = (self.host, self.path) == (other.host, other.path)
        return is_same_page and (not self.query or self.query == other.query)


def read_link(text: str) -> Link | None:
    """A link in one spelling, Microsoft's Safe Links unwrapped; None when there is no host in it."""
    try:
        parts = urlsplit(text.strip().rstrip(".,;:!)>]"))
        host = _in_dns((parts.hostname or "").casefold()).removeprefix("www.")
    except ValueError:  # the text is an attacker's: it need not be a link at all
        return None
    inner = parse_qs(parts.query).get("url", [""])[0]
    if host.endswith(_SAFE_LINKS) and inner and _SAFE_LINKS not in inner:
        return read_link(inner)
    return Link(host, parts.path.rstrip("/"), parts.query) if host else None


def read_typed(text: str) -> Link | None:
    """What somebody typed: a link, or a host alone; None when it is neither. "hxxp" and "[.]" are read as meant."""
    plain = re.sub(r"\Ahxxp", "http", text.strip(), flags=re.IGNORECASE).replace("[.]", ".")
    has_scheme = "://" in plain
    if has_scheme and not plain.casefold().startswith(("http://", "https://")):
        return None
    link = read_link(plain if has_scheme else f"https://{plain}")
    return link if link and _HOST.fullmatch(link.host) else None


def all_links(body: str) -> frozenset[Link]:
    """Every link of a body, HTML or text."""
    found = (read_link(match) for match in _LINK.findall(html.unescape(body)))
    return frozenset(link for link in found if link)


def _in_dns(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return host
