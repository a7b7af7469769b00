"""Rules of this code that a reader would forget and a program does not: each with a control that it finds."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src" / "evenstock").rglob("*.py"))
SQL = re.compile(
    r"(?i)\b(select\s.+\sfrom|insert\s+into|update\s+\w+\s+set|delete\s+from|alter\s+(table|schema)|create\s+schema|drop\s+schema)\b"
)
STOCK = re.compile(r"(?i)\b(stock_balance|movement|reservation|quota|slot)\b")
WHOLE = re.compile(r"(units|quantity|qty|on_hand|available|reserved)|.*_units|cents")
HTTP = {"get", "post", "put", "patch", "delete", "request", "stream"}
Rule = Callable[[ast.AST, str], Iterator[str]]


@lru_cache(maxsize=4)
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """All of a tree, walked once."""
    return tuple(ast.walk(tree))


def name_of(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return ""


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in nodes(tree) if isinstance(node, ast.Call))


def words(call: ast.Call) -> dict[str, ast.expr]:
    return {word.arg: word.value for word in call.keywords if word.arg}


def is_(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def no_evaluation(tree: ast.AST, _text: str) -> Iterator[str]:
    """What is read is data: nothing of it is run."""
    for call in calls(tree):
        name = name_of(call.func)
        if name in {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}:
            yield f"{call.lineno}: {name} runs what it is given"
        if name.startswith(("pickle.", "marshal.", "shelve.", "dill.", "joblib.load")):
            yield f"{call.lineno}: {name} runs what it reads"
        if name == "yaml.load":
            yield f"{call.lineno}: yaml.load makes objects of what it reads; use yaml.safe_load"
        if is_(words(call).get("shell"), True):
            yield f"{call.lineno}: a shell reads what it is given anew"


def no_trust(tree: ast.AST, _text: str) -> Iterator[str]:
    """Whoever answers has shown who he is."""
    for call in calls(tree):
        given = words(call)
        if is_(given.get("verify"), False) or is_(given.get("check_hostname"), False):
            yield f"{call.lineno}: TLS without looking at the certificate"
        if name_of(call.func) == "ssl._create_unverified_context":
            yield f"{call.lineno}: TLS without looking at the certificate"
    for node in nodes(tree):
        if isinstance(node, ast.Attribute) and node.attr == "CERT_NONE":
            yield f"{node.lineno}: TLS without looking at the certificate"


def no_waiting_for_ever(tree: ast.AST, text: str) -> Iterator[str]:
    """Whoever asks another machine says how long he waits."""
    if "httpx" not in text and "requests" not in text and "urllib" not in text:
        return
    for call in calls(tree):
        name = name_of(call.func)
        asks = name in {f"httpx.{verb}" for verb in HTTP} | {f"requests.{verb}" for verb in HTTP}
        makes = name in {"httpx.Client", "httpx.AsyncClient", "urllib.request.urlopen", "urlopen"}
        if (asks or makes) and "timeout" not in words(call):
            yield f"{call.lineno}: {name} without a time-out"
        if is_(words(call).get("timeout"), None) and (asks or makes):
            yield f"{call.lineno}: {name} waits for ever"


def no_naive_moment(tree: ast.AST, _text: str) -> Iterator[str]:
    """A moment has a zone."""
    for call in calls(tree):
        name = name_of(call.func)
        last = name.rpartition(".")[2]
        if last in {"utcnow", "utcfromtimestamp"}:
            yield f"{call.lineno}: {last} gives a moment without a zone"
        if name in {"datetime.now", "datetime.datetime.now"} and not call.args and "tz" not in words(call):
            yield f"{call.lineno}: now() without a zone"
        if last == "fromtimestamp" and len(call.args) < 2 and "tz" not in words(call):
            yield f"{call.lineno}: fromtimestamp without a zone"


def built(node: ast.expr) -> bool:
    """Whether a text is put together from values: f-string with one, %, format, or + with a name."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) and not constant(part.value) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        return not all(isinstance(side, ast.Constant) or constant(side) for side in (node.left, node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr == "format" or (node.func.attr == "encode" and built(node.func.value))
    return False


def constant(node: ast.expr) -> bool:
    """A name in capitals is written in the code, not told by anybody."""
    return isinstance(node, ast.Constant) or (bool(name := name_of(node).rpartition(".")[2]) and name.upper() == name)


def no_built_sql(tree: ast.AST, _text: str) -> Iterator[str]:
    """Values go beside a statement, never into it."""
    for call in calls(tree):
        last = name_of(call.func).rpartition(".")[2]
        if last in {"text", "execute", "exec_driver_sql", "executemany", "executescript"} and call.args:
            said = call.args[0]
            if built(said) and SQL.search(ast.unparse(said)):
                yield f"{call.lineno}: a statement put together from values: {ast.unparse(said)[:60]}"


def no_skipping_stock(tree: ast.AST, _text: str) -> Iterator[str]:
    """`SKIP LOCKED` is for queues: on stock it would not see what is there."""
    for node in nodes(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "SKIP LOCKED" in node.value.upper():
            statement = node.value
            if SQL.search(statement) and STOCK.search(statement):
                yield f"{node.lineno}: SKIP LOCKED on stock"


def no_broken_units(tree: ast.AST, _text: str) -> Iterator[str]:
    """Units and cents of a record are whole: a float column or field of theirs would lose one."""
    for node in nodes(tree):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and name_of(node.annotation) == "float"
        ) and re.fullmatch(r"(units|quantity|qty|on_hand|available|reserved)|.*_units|cents", node.target.id):
            yield f"{node.lineno}: {node.target.id} is a float"
        if isinstance(node, ast.Call) and name_of(node.func).endswith("Column") and node.args:
            name = node.args[0]
            kind = ast.unparse(node.args[1]) if len(node.args) > 1 else ""
            if isinstance(name, ast.Constant) and re.search(r"units|cents", str(name.value)) and "Float" in kind:
                yield f"{node.lineno}: column {name.value} is a float"


def no_hidden_error(tree: ast.AST, _text: str) -> Iterator[str]:
    """Nothing is swallowed: an `except` that takes everything does something with it."""
    for node in nodes(tree):
        if (
            isinstance(node, ast.ExceptHandler)
            and (node.type is None or name_of(node.type) in {"Exception", "BaseException"})
            and all(isinstance(part, ast.Pass | ast.Continue) for part in node.body)
        ):
            yield f"{node.lineno}: every error is swallowed"


def no_weak_secret(tree: ast.AST, _text: str) -> Iterator[str]:
    """Secrets are drawn from the system and compared in constant time; old digests guard nothing."""
    for call in calls(tree):
        name = name_of(call.func)
        if name in {"hashlib.md5", "hashlib.sha1"} and not is_(words(call).get("usedforsecurity"), False):
            yield f"{call.lineno}: {name} guards nothing; say usedforsecurity=False where it only names"
    for node in nodes(tree):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            for side in (node.left, *node.comparators):
                if (
                    isinstance(side, ast.Call)
                    and name_of(side.func).rpartition(".")[2] == "hexdigest"
                    and "hmac" in ast.unparse(side).lower()
                ):
                    yield f"{node.lineno}: a signature compared with ==; use hmac.compare_digest"


RULES: dict[str, tuple[Rule, str]] = {
    "evaluation": (no_evaluation, "import pickle\npickle.loads(body)"),
    "yaml": (no_evaluation, "yaml.load(text, Loader=yaml.Loader)"),
    "shell": (no_evaluation, "subprocess.run(words, shell=True)"),
    "trust": (no_trust, "httpx.Client(verify=False, timeout=3)"),
    "certificate": (no_trust, "context.verify_mode = ssl.CERT_NONE"),
    "waiting": (no_waiting_for_ever, "import httpx\nhttpx.get(address)"),
    "waiting for ever": (no_waiting_for_ever, "import httpx\nhttpx.Client(timeout=None)"),
    "naive moment": (no_naive_moment, "datetime.utcnow()"),
    "now without a zone": (no_naive_moment, "datetime.now()"),
    "built sql": (no_built_sql, "books.execute(f\"SELECT units FROM stock_balance WHERE sku = '{sku}'\")"),
    "sql by format": (no_built_sql, "sa.text(\"DELETE FROM price WHERE sku = '{}'\".format(sku))"),
    "sql by plus": (no_built_sql, 'books.execute("SELECT units FROM price WHERE sku = " + sku)'),
    "skip locked": (no_skipping_stock, 'Q = "SELECT units FROM stock_balance WHERE sku = 1 FOR UPDATE SKIP LOCKED"'),
    "float units": (no_broken_units, "class Line:\n    units: float"),
    "float column": (no_broken_units, 'sa.Column("units", sa.Float())'),
    "hidden error": (no_hidden_error, "try:\n    go()\nexcept Exception:\n    pass"),
    "weak digest": (no_weak_secret, "hashlib.md5(body).hexdigest()"),
    "signature by ==": (no_weak_secret, "if hmac.new(key, body).hexdigest() == given: pass"),
}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_finds_what_it_is_for(name: str) -> None:
    rule, sin = RULES[name]
    assert list(rule(ast.parse(sin), sin))


VIRTUES = """
import httpx, hashlib, hmac
httpx.Client(timeout=3.0)
datetime.now(UTC)
books.execute(sa.text("SELECT units FROM stock_balance WHERE sku = :sku"), {"sku": sku})
books.execute(f"ALTER SCHEMA public RENAME TO {_ASIDE}")
Q = "SELECT id FROM outbox FOR UPDATE SKIP LOCKED"
hashlib.md5(body, usedforsecurity=False)
hmac.compare_digest(a, b)
class Line:
    units: int
    share: float
"""


def test_what_is_right_is_left_alone() -> None:
    tree = ast.parse(VIRTUES)
    found = [said for rule in dict.fromkeys(rule for rule, _ in RULES.values()) for said in rule(tree, VIRTUES)]
    assert found == []


TRUTH = ("domain/", "operations/", "storage/", "service/", "connectors/")
"""Where units are of records and whole; deeper down models reckon with expected ones."""
JUSTIFIED: dict[tuple[str, str], str] = {
    ("service/http/bodies/forecasts.py", "_units"): "what a forecast expects, not what a record holds",
    ("operations/outcomes/running.py", "quantity"): "hours and processor seconds of a report",
    ("domain/canonical.py", "exec"): "a function for our own dataclasses, made of the names of their fields alone",
}
"""Places that a rule finds and that were looked at: file and a part of the line, with why it is right."""


def test_the_code_keeps_the_rules() -> None:
    found = []
    for path in SOURCES:
        text = path.read_text("utf-8")
        tree = ast.parse(text)
        name = path.relative_to(ROOT / "src" / "evenstock").as_posix()
        for rule in dict.fromkeys(rule for rule, _ in RULES.values()):
            if rule is no_broken_units and not name.startswith(TRUTH):
                continue
            said_of = (f"{name}:{said}" for said in rule(tree, text))
            found += [
                one for one in said_of if not any(one.startswith(file) and part in one for file, part in JUSTIFIED)
            ]
    assert found == []
