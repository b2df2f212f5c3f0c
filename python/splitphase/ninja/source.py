"""Text of one build.ninja file: tokens and places. The grammar of the statements is in `parser`.

Source: ninja's src/lexer.in.cc. A comment is a whole line; `#` within a line is an ordinary character. A NUL byte ends
the file, as it does for Ninja. All characters with a meaning are ASCII; a byte that is not UTF-8 becomes a surrogate
(`surrogateescape`), so that paths and hashes keep every byte.
"""

from __future__ import annotations

import re

from splitphase.errors import BuildGraphError
from splitphase.ninja.evaluate import EscapeError, Text, parse_text

_GAP = r"(?: +|\$\r?\n)*"
_NAME = r"[A-Za-z0-9_.-]+"

_SKIP = re.compile(r"(?: *#[^\n]*\n| *\r?\n)*")
_SKIP_COMMENTS = re.compile(r"(?: *#[^\n]*\n)*")
_BINDING = re.compile(rf" +{_GAP}({_NAME}){_GAP}={_GAP}")
_GAP_ONLY = re.compile(_GAP)
_WORD = re.compile(f"({_NAME}){_GAP}")
_SEPARATOR = re.compile(rf"(\|\||\|@|[|:=]){_GAP}")
_NEWLINE = re.compile(r"\r?\n")
_PLAIN_LINE = re.compile(r"([^$\r\n]*)\r?\n")
_VALUE = re.compile(r"(?:[^$\r\n]+|\$(?:\r?\n *|[^\r\n]))*")
_PATH = re.compile(r"(?:[^$ :|\r\n]+|\$(?:\r?\n *|[^\r\n]))*")
_PLAIN_PATHS = re.compile(r"(?:[^$ :|\r\n]+(?: +|(?=[:|\r\n])))*")

TRUNCATED_HINT = "the file is cut short: run the package's configure step again"
SYNTAX_HINT = "Ninja refuses this line as well: mend the generator, or run the package's configure step again"


def load_text(path: str, *, blame: str = "") -> str:
    """Read a file up to its first NUL byte.

    `blame` is the `file:line: ` of the statement that asks for the file. Raises BuildGraphError.
    """
    try:
        with open(path, "rb") as stream:
            data = stream.read()
    except OSError as error:
        raise BuildGraphError(
            f"{blame}cannot read {path}: {error.strerror}",
            hint="configure the package with `-G Ninja` (or Meson) first, or name the directory that holds the file",
        ) from error
    return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")


class Source:
    """A place in a file. Methods named `read_*` move on, and past the blanks that follow."""

    __slots__ = ("newline_escape", "path", "pos", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.pos = 0
        self.newline_escape = False

    def where(self, pos: int | None = None) -> str:
        """`file:line: ` of the present or the given place."""
        line = self.text.count("\n", 0, self.pos if pos is None else pos) + 1
        return f"{self.path}:{line}: "

    def error(self, message: str, *, hint: str = SYNTAX_HINT) -> BuildGraphError:
        """What is wrong here. Every line of a whole file has its newline, so a last line without one is the error."""
        if self.text.find("\n", self.pos) < 0:
            return BuildGraphError(f"{self.where()}unexpected end of file", hint=TRUNCATED_HINT)
        if self.text[self.pos] == "\t":
            return BuildGraphError(f"{self.where()}tabs are not allowed, use spaces", hint=hint)
        return BuildGraphError(self.where() + message, hint=hint)

    def at_end(self) -> bool:
        """Skip empty lines and comments; whether nothing else follows."""
        self.pos = _end(_SKIP, self.text, self.pos)
        return self.pos >= len(self.text)

    def read_word(self, expected: str) -> str:
        """A name or keyword. Raises BuildGraphError."""
        match = _WORD.match(self.text, self.pos)
        if match is None:
            raise self.error(f"expected {expected}")
        self.pos = match.end()
        return match[1]

    def read_separator(self, *wanted: str) -> str:
        """One of the wanted separators, or an empty string if something else comes next."""
        match = _SEPARATOR.match(self.text, self.pos)
        if match is None or match[1] not in wanted:
            return ""
        self.pos = match.end()
        return match[1]

    def expect(self, separator: str) -> None:
        """Step over the separator. Raises BuildGraphError."""
        if not self.read_separator(separator):
            also = " ($ also escapes ':')" if separator == ":" else ""
            raise self.error(f"expected '{separator}'{also}")

    def expect_newline(self) -> None:
        """Step over the end of the line. Raises BuildGraphError."""
        match = _NEWLINE.match(self.text, self.pos)
        if match is None:
            raise self.error("expected a newline")
        self.pos = match.end()

    def read_binding(self) -> tuple[str, Text] | None:
        """The next indented `name = value` of a block, None at the end of the block. Raises BuildGraphError."""
        text = self.text
        start = _end(_SKIP_COMMENTS, text, self.pos)
        match = _BINDING.match(text, start)
        if match is None:
            content = _end(_GAP_ONLY, text, start)
            if text.startswith(" ", start) and not _NEWLINE.match(text, content):
                self.pos = content
                raise self.error("expected 'variable = value'")
            return None
        self.pos = match.end()
        return match[1], self.read_value()

    def read_value(self) -> Text:
        """The rest of the line. Raises BuildGraphError."""
        match = _PLAIN_LINE.match(self.text, self.pos)
        if match is not None:
            self.pos = match.end()
            return match[1]
        start = self.pos
        self.pos = _end(_VALUE, self.text, start)
        raw = self.text[start : self.pos]
        self.expect_newline()
        return self._escapes(raw, start)

    def read_paths(self) -> list[Text]:
        """All paths up to a separator or the end of the line, perhaps none. Raises BuildGraphError."""
        text = self.text
        paths: list[Text] = []
        while True:
            start = _end(_GAP_ONLY, text, self.pos)
            self.pos = _end(_PLAIN_PATHS, text, start)
            paths += filter(None, text[start : self.pos].split(" "))
            start = self.pos = _end(_GAP_ONLY, text, self.pos)
            self.pos = _end(_PATH, text, start)
            path = self._escapes(text[start : self.pos], start)
            if not path:
                return paths
            paths.append(path)

    def _escapes(self, raw: str, start: int) -> Text:
        try:
            return parse_text(raw, newline_escape=self.newline_escape)
        except EscapeError as error:
            self.pos = start + error.offset
            raise self.error("bad $-escape (a literal $ is written as $$)") from None


def _end(pattern: re.Pattern[str], text: str, pos: int) -> int:
    """Where the match at `pos` ends; `pos` itself if there is none."""
    match = pattern.match(text, pos)
    return match.end() if match else pos
