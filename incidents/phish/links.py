"""Links in a mail's text: each written in one way, and whether it is one that is looked for. Pure functions."""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

# Controls and halves of characters (lone surrogates) end a link: neither can be stored.
_LINK = re.compile(r"https?://[^\s\"'<>\\^`{|}\x00-\x1f\x7f\ud800-\udfff]+", re.IGNORECASE)
# Pictures and styles are fetched, not followed; those of a sender are the same in all mails.
_FETCHED = re.compile(
    r"""\b(?:src|srcset|background)\s?=\s?(?:"[^"]{0,9999}"|'[^']{0,9999}'|[^\s>]{1,9999})|\burl\([^)]{0,9999}\)""",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[\w-]{1,63}\.)+(?:[\w-]{2,63}|\d{1,3})")
_AFTER = ".,;:!)>]"  # what stands after a link and is not of it
_SAFE_LINKS = ".safelinks.protection.outlook.com"

# Everybody's mail links there, or by way of there; a link to one of these says nothing.
_COMMONPLACE = (
    "microsoft.com", "office.com", "aka.ms", "linkedin.com", "facebook.com", "instagram.com", "x.com", "twitter.com",
    "youtube.com", "google.com", "office.net", "w3.org", "sendgrid.net", "list-manage.com", "mandrillapp.com",
    "rs6.net",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """A link without what does not matter: scheme, "www.", port, a slash at the end, and what follows a "#"."""

    host: str  # lower case; of an international name the form that DNS knows
    path: str = ""
    query: str = ""

    def __str__(self) -> str:
        return f"https://{self.host}{self.path}" + (f"?{self.query}" if self.query else "")

    @property
    def defanged(self) -> str:
        """As it may stand where a program would make a text that looks like a link one; `read_typed` reads it."""
        return str(replace(self, host=self.host.replace(".", "[.]"))).replace("https", "hxxps", 1)

    def is_below(self, domains: Iterable[str]) -> bool:
        """Whether its host is one of these domains, or lies below one."""
        return any(self.host == domain or self.host.endswith(f".{domain}") for domain in domains)

    def covers(self, other: "Link") -> bool:
        """Whether another link is meant by this one: a host means all on it, a path whatever query follows."""
        if not self.path and not self.query:
            return self.host == other.host
        is_same_page = (self.host, self.path) == (other.host, other.path)
        return is_same_page and (not self.query or self.query == other.query)


def read_link(text: str, *, wraps: int = 3) -> Link | None:
    """A link in one spelling, Microsoft's Safe Links unwrapped, so often; None when there is no host in it."""
    try:
        parts = urlsplit(text.strip().rstrip(_AFTER))
        host = _in_dns((parts.hostname or "").casefold()).removeprefix("www.")
    except ValueError:  # the text is an attacker's: it need not be a link at all
        return None
    inner = parse_qs(parts.query).get("url", [""])[0]
    if wraps and host.endswith(_SAFE_LINKS) and inner:
        return read_link(inner, wraps=wraps - 1)
    return Link(host, parts.path.rstrip(f"/{_AFTER}"), parts.query) if host else None


def read_typed(text: str) -> Link | None:
    """What somebody typed: a link, or a host alone; None when it is neither. "hxxp" and "[.]" are read as meant."""
    plain = re.sub(r"\Ahxxp", "http", text.strip(), flags=re.IGNORECASE).replace("[.]", ".")
    has_scheme = "://" in plain
    if has_scheme and not plain.casefold().startswith(("http://", "https://")):
        return None
    link = read_link(plain if has_scheme else f"https://{plain}")
    return link if link and _HOST.fullmatch(link.host) else None


def all_links(body: str) -> tuple[Link, ...]:
    """Every link of a body, HTML or text, once, as they come; each with those to which it leads on."""
    read = (read_link(match) for match in _LINK.findall(html.unescape(body)))
    return tuple(dict.fromkeys(each for link in read if link for each in (link, *_leads_to(link))))


def telling_links(body: str, ignored_domains: Iterable[str] = ()) -> tuple[Link, ...]:
    """The links of a body, HTML or text, by which another mail is known for the same one, as they come.

    What follows a path's "?" is dropped, for that is where the recipient is told apart, unless it says where the link
    leads on to. Left out: places that everybody links to, `ignored_domains` with all below them, and front pages, which
    stand in signatures, unless there is nothing else.
    """
    ignored = (*_COMMONPLACE, *(domain.casefold() for domain in ignored_domains))
    told = [link for link in all_links(_FETCHED.sub(" ", body)) if not link.is_below(ignored)]
    pages = [link for link in told if link.path or link.query] or told
    return tuple(dict.fromkeys(link if _leads_on(link) else replace(link, query="") for link in pages))


def _leads_on(link: Link) -> bool:
    """Whether its query is all that tells it from others: where it leads to, in plain or as Proofpoint writes it."""
    return not link.path or bool(_leads_to(link)) or "https-3A__" in link.query


def _leads_to(link: Link) -> list[Link]:
    """The links in its query."""
    values = (value for values in parse_qs(link.query).values() for value in values if _LINK.fullmatch(value))
    return [found for value in values if (found := read_link(value))]


def _in_dns(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return host
