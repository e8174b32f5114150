"""Count constructions that readers have to read twice: `make words` runs it.

    python .ci/words.py [--write | GROUP [CONSTRUCTION]]

It reads documentation, docstrings and comments. The count of a group of files must not exceed
`.ci/words.csv`, which `--write` lowers and never raises. With a group it prints the places.
"""

import ast
import csv
import io
import re
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / ".ci" / "words.csv"
GROUPS = {
    "top": r"[^/]+\.md",
    "studies": r"docs/studies/.+\.md",
    "docs": r"docs/.+\.md(\.jinja)?",
    "product": r"mesa_gym/.+\.py",
    "tools": r"(agents|benchmarks|docs|\.ci)/.+\.py",
}
NOT_OURS = re.compile("docs/public_api|docs/studies/archive/|docs/examples")

START = r"(?:^|(?<=[.!?:] ))"  # of a sentence
CONSTRUCTIONS = {
    "that of": r"\b(that|those) (of|that|which|who|in|on|with|from|by)\b",
    "the same": rf"\bthe same(?=[.,;:)]|$)|{START}The same\b",
    "clause": rf"{START}(What(ever)?|Who(se|ever)?|How|Whether)\b(?!.*\?)"
    r"|\b(of|from|on|with|in|by|to|for) (what|who|how|whether)\b",
    "inversion": rf"{START}(Of|Among|Below|Beside) (an?|the|its|all|some|two|several)\b"
    r"[^.]{0,60}? (the|one|only|is|are|comes?|stands?|lies)\b",
    "semicolons": r";[^.;]*;",
    "metaphor": r"\b(speaks?|hears?|falls? silent|(in|of) camps?|goes? for)\b",
    "lies": r"\b(lies?|lay|stands?|stood|hangs?|hung)\b|\bcomes? (of|out|to|with|in|last|first)\b",
    "nothing": rf"{START}(No(thing|body)|Neither|None (?!if|for|in|to|where|when)|No \w+)\b",
    "number": r"(?<![\w.)\]])\.\d",
    "apart": r"\b(apart|alike|beside)\b",
}
# Uses that read well at once: a conjunction, an abbreviation, two verdicts.
ALLOWED = re.compile(r"that (in|on|with|from|by) (an?|the|all)\b|stands? for\b|No (verdict|goal)\b")


def list_texts(file: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of each paragraph of a page, or docstring and comment of a module."""
    source = file.read_text("utf-8")
    if file.suffix != ".py":
        code = r"(?ms)^```.*?^```|\{[%#].*?[%#]\}"
        prose = re.sub(code, lambda match: "\n" * match[0].count("\n"), source)
        for match in re.finditer(r"(?:^(?!\s*$|[-*|#]|\d+\.).+\n?)+|^.+$", prose, re.MULTILINE):
            yield prose.count("\n", 0, match.start()) + 1, match[0]
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for text in re.split(r"\n\s*\n|\n\s+(?=\w+:)", ast.get_docstring(node) or ""):
                yield getattr(node, "lineno", 1), text
    block, last = list[str](), 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != last + 1 and block:
                yield last, " ".join(block)
                block = []
            block, last = [*block, token.string.lstrip("#!: ")], token.start[0]
    yield last, " ".join(block)


def find_constructions(file: Path) -> Iterator[tuple[str, int, str]]:
    """Yield (construction, line, text around it) for each construction in a file."""
    for line, paragraph in list_texts(file):
        plain = re.sub(r"``.*?``|`[^`]*`|>>>.*|https?://\S+", "X", paragraph)
        plain = " ".join(re.sub(r"^(\s*([-*|#>]+|\d+\.))+", "", plain).split())
        for name, pattern in CONSTRUCTIONS.items():
            for match in re.finditer(pattern, plain):
                if not ALLOWED.match(plain, match.start()):
                    yield name, line, plain[max(0, match.start() - 30) : match.end() + 50]


def find_all() -> Iterator[tuple[str, str, str]]:
    """Yield (group, construction, place) for each construction in the files of the checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in files.split("\n"):
        group = next((x for x, pattern in GROUPS.items() if re.fullmatch(pattern, name)), None)
        if group and (ROOT / name).is_file() and not NOT_OURS.match(name):
            for construction, line, text in find_constructions(ROOT / name):
                yield group, construction, f"{name}:{line}: {text}"


def main(arguments: list[str]) -> int:
    """Compare the counts with the table; return 1 where one rose."""
    places = [*find_all()]
    if arguments and arguments != ["--write"]:
        print(*(p for *words, p in places if words[: len(arguments)] == arguments), sep="\n")
        return 0
    counts = Counter((group, construction) for group, construction, _ in places)
    rows = csv.DictReader(TABLE.read_text().splitlines()) if TABLE.exists() else []
    most = {(row["group"], x): int(row[x]) for row in rows for x in CONSTRUCTIONS if x in row}
    if arguments:
        lines = [["group", *CONSTRUCTIONS]]
        for group in GROUPS:
            least = (min(counts[group, x], most.get((group, x), 1 << 30)) for x in CONSTRUCTIONS)
            lines.append([group, *map(str, least)])
        TABLE.write_text("".join(",".join(line) + "\n" for line in lines))
        return 0
    risen = [key for key in sorted(counts) if counts[key] > most.get(key, 0)]
    for group, x in risen:
        print(f"{group}: {counts[group, x]} of {x!r}, allowed {most.get((group, x), 0)}: write it")
        print(f"another way; python .ci/words.py {group} {x!r} lists them")
    return int(bool(risen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
