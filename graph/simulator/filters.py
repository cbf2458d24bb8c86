"""The part of OData's `$filter` that Graph's clients use, compiled to SQL with bound values.

Understood: eq ne gt ge lt le, in, and or not, parentheses, startswith contains endswith, and any() over a collection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graph.simulator.calls import Refusal, bad_request
from graph.simulator.entities import PROPERTIES

Compiled = tuple[str, list[Any]]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<date>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)?)"
    r"|(?P<guid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[\w./@]+)|(?P<sign>[(),:]))"
)
_OPERATORS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_FUNCTIONS = {"startswith": "{}%", "endswith": "%{}", "contains": "%{}%"}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    value: Any


def unsupported(text: str) -> Refusal:
    """400 for a filter that cannot be read or is not supported."""
    return bad_request(f"Invalid filter clause: {text}", "BadRequest")


def compile_filter(text: str, entity: str, columns: Mapping[str, str], version: str = "v1.0") -> Compiled:
    """An SQL condition and its values. ``columns`` maps property paths to columns; all others are read from the JSON.

    Raises Refusal 400 for a filter that cannot be understood or names an unknown property.
    """
    parser = _Parser(_tokens(text), _Naming(entity, columns, version))
    compiled = parser.either()
    if parser.peek() is not None:
        raise unsupported(text)
    return compiled


def properties_in(text: str) -> list[str]:
    """The property paths that a filter compares, in order of appearance (for Exchange's rule about `$orderby`)."""
    without_texts = re.sub(r"'(?:[^']|'')*'", "''", text)
    return re.findall(r"([A-Za-z][\w/]*)\s+(?:eq|ne|gt|ge|lt|le)\b", without_texts)


def _tokens(text: str) -> list[_Token]:
    tokens, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None or match.lastgroup is None:
            raise unsupported(text)
        tokens.append(_read_token(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


def _read_token(kind: str, raw: str) -> _Token:
    if kind == "text":
        return _Token("literal", raw[1:-1].replace("''", "'"))
    if kind in ("date", "guid"):
        return _Token("literal", raw)
    if kind == "number":
        return _Token("literal", float(raw) if "." in raw else int(raw))
    if kind == "word" and raw in ("true", "false", "null"):
        return _Token("literal", {"true": 1, "false": 0, "null": None}[raw])
    return _Token(kind, raw)


@dataclass(frozen=True, slots=True)
class _Naming:
    """How a property path is written in SQL; inside any() the loop variable stands for json_each's value."""

    entity: str
    columns: Mapping[str, str]
    version: str
    variable: str = ""

    def expression(self, path: str) -> str:
        head, _, rest = path.partition("/")
        if self.variable and head == self.variable:
            return f"json_extract(value, '$.{_dotted(rest)}')" if rest else "value"
        if head not in PROPERTIES[self.entity] and self.version != "beta":
            message = f"Could not find a property named '{head}' on type 'microsoft.graph.{self.entity}'."
            raise bad_request(message)
        return self.columns.get(path) or f"json_extract(body, '$.{_dotted(path)}')"


def _dotted(path: str) -> str:
    if not re.fullmatch(r"\w+(/\w+)*", path):
        raise unsupported(path)
    return path.replace("/", ".")


class _Parser:
    """Recursive descent; each method returns SQL with its values."""

    def __init__(self, tokens: list[_Token], naming: _Naming) -> None:
        self._tokens = tokens
        self._position = 0
        self._naming = naming

    def peek(self) -> Any:
        """The next token's value, or None at the end."""
        return self._tokens[self._position].value if self._position < len(self._tokens) else None

    def either(self) -> Compiled:
        """One or more conditions joined by `or`. A chain of `x eq 'a' or x eq 'b'` becomes an IN, for its index."""
        parts = [self._both()]
        while self._take_word("or"):
            parts.append(self._both())
        heads = {sql.removesuffix(" = ?") for sql, _ in parts}
        if len(parts) > 1 and len(heads) == 1 and all(sql.endswith(" = ?") for sql, _ in parts):
            marks = ", ".join("?" * len(parts))
            return f"{heads.pop()} IN ({marks})", [value for _, values in parts for value in values]
        return _joined(" OR ", parts)

    def _both(self) -> Compiled:
        parts = [self._single()]
        while self._take_word("and"):
            parts.append(self._single())
        return _joined(" AND ", parts)

    def _single(self) -> Compiled:
        if self._take_word("not"):
            sql, values = self._single()
            return f"NOT ({sql})", values
        if self._take_sign("("):
            sql, values = self.either()
            self._expect(")")
            return f"({sql})", values
        word = self._next("word")
        if word.lower() in _FUNCTIONS and self._take_sign("("):
            return self._function(word.lower())
        if word.endswith("/any") and self._take_sign("("):
            return self._any(word.removesuffix("/any"))
        return self._comparison(word)

    def _function(self, name: str) -> Compiled:
        expression = self._naming.expression(self._next("word"))
        self._expect(",")
        escaped = re.sub(r"([%_\\])", r"\\\1", str(self._next("literal")))
        self._expect(")")
        return f"{expression} LIKE ? ESCAPE '\\'", [_FUNCTIONS[name].format(escaped)]

    def _any(self, path: str) -> Compiled:
        self._naming.expression(path)  # refuses unknown properties
        variable = self._next("word")
        self._expect(":")
        outer, self._naming = (
            self._naming,
            _Naming(self._naming.entity, self._naming.columns, self._naming.version, variable),
        )
        sql, values = self.either()
        self._naming = outer
        self._expect(")")
        return f"EXISTS (SELECT 1 FROM json_each(body, '$.{_dotted(path)}') WHERE {sql})", values  # noqa: S608 - the path is checked, values are bound  # nosec B608

    def _comparison(self, path: str) -> Compiled:
        expression = self._naming.expression(path)
        operator = self._next("word").lower()
        if operator == "in":
            return self._membership(expression)
        if operator not in _OPERATORS:
            raise unsupported(f"{path} {operator}")
        value = self._next("literal")
        if value is None:
            return f"{expression} IS {'' if operator == 'eq' else 'NOT '}NULL", []
        if operator == "ne":
            return f"({expression} IS NULL OR {expression} <> ?)", [value]
        return f"{self._without_case(expression, value)} {_OPERATORS[operator]} ?", [value]

    def _membership(self, expression: str) -> Compiled:
        self._expect("(")
        values = [self._next("literal")]
        while self._take_sign(","):
            values.append(self._next("literal"))
        self._expect(")")
        marks = ", ".join("?" * len(values))
        return f"{self._without_case(expression, values[0])} IN ({marks})", values

    @staticmethod
    def _without_case(expression: str, value: Any) -> str:
        """Columns carry their own collation; text from the JSON is compared without regard to case, as Graph does."""
        needs = isinstance(value, str) and "(" in expression
        return f"{expression} COLLATE NOCASE" if needs else expression

    def _next(self, kind: str) -> Any:
        if self._position >= len(self._tokens) or self._tokens[self._position].kind != kind:
            raise unsupported(f"{kind} expected")
        self._position += 1
        return self._tokens[self._position - 1].value

    def _take(self, kind: str, value: str) -> bool:
        if self._position >= len(self._tokens):
            return False
        token = self._tokens[self._position]
        if token.kind != kind or str(token.value).lower() != value:
            return False
        self._position += 1
        return True

    def _take_word(self, word: str) -> bool:
        return self._take("word", word)

    def _take_sign(self, sign: str) -> bool:
        return self._take("sign", sign)

    def _expect(self, sign: str) -> None:
        if not self._take_sign(sign):
            raise unsupported(f"'{sign}' expected")


def _joined(word: str, parts: list[Compiled]) -> Compiled:
    if len(parts) == 1:
        return parts[0]
    sql = word.join(f"({part})" if " OR " in part else part for part, _ in parts)
    return sql, [value for _, values in parts for value in values]
