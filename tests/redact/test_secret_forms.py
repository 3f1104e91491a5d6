"""Secrets that are put together, escaped, encoded, of many makers, in many words, or cut off do not leave either."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctxreview.redact import kinds, redact
from ctxreview.redact.formats import makers, prefix
from ctxreview.redact.rules import rules
from tests import secret_forms, secret_forms_fresh
from tests.llm.test_store import run
from tests.redact.test_secrets import LITERALS, assert_hidden, in_a_method
from tests.secret_samples import Leak

MADE = secret_forms.forms()
FRESH = secret_forms_fresh.forms()
MISSED = {"segment", "// use admin:{} to log in"}
"""Of the fresh ones: a maker whose name is a common word, and a password that nothing but the sentence tells of."""


def test_the_corpus_is_large_enough() -> None:
    """Two hundred forms and more, in every group, and as many again that were written after the rules."""
    groups = [group for group, _ in MADE]
    assert {group for group in groups if groups.count(group) >= 30} == {"together", "makers", "words", "binds", "cut"}
    assert len(FRESH) >= 100


@pytest.mark.parametrize(("group", "leak"), MADE, ids=[f"{n}-{g}-{leak.name}" for n, (g, leak) in enumerate(MADE)])
def test_a_secret_in_another_form_is_replaced_and_no_line_moves(group: str, leak: Leak) -> None:
    """In its method, every part of the secret is gone, it is counted, and each line keeps its number and its end."""
    text = in_a_method(leak.source)
    redacted = redact(text)
    assert_hidden([leak], redacted.text)
    assert redacted.kinds
    assert redacted.text.count("\n") == text.count("\n")
    assert redacted.text[:150] == text[:150]
    assert redact(redacted.text).kinds == ()


@pytest.mark.parametrize(("group", "leak"), FRESH, ids=[f"{n}-{g}" for n, (g, _) in enumerate(FRESH)])
def test_a_form_that_no_rule_was_made_for_is_replaced(group: str, leak: Leak) -> None:
    """The same for the forms that were written afterwards; two of them are known to be missed."""
    text = in_a_method(leak.source)
    redacted = redact(text)
    if leak.name in MISSED:
        assert redacted.kinds == ()
        return
    assert_hidden([leak], redacted.text)
    assert redacted.text.count("\n") == text.count("\n")


@pytest.mark.parametrize("seed", range(3))
def test_other_values_in_the_same_forms_are_replaced(seed: int) -> None:
    """The rules know the forms and not the values: with others hardly any is missed."""
    made = secret_forms.Forms(seed)
    leaks = [*made.together(), *made.words(), *made.binds(), *made.cut()]
    missed = []
    for leak in leaks:
        try:
            assert_hidden([leak], redact(in_a_method(leak.source)).text)
        except AssertionError:
            missed.append((leak.name, leak.source))
    assert len(missed) <= 0.01 * len(leaks), missed


@pytest.mark.parametrize(
    "source",
    [
        "/*\n  user:\n    client-key-data: {}\n*/",
        "// client-key-data: {}",
        'var a = """{"client-key-data": "{}"}""";',
    ],
)
@pytest.mark.parametrize("word", ["todo", "YoUr", "eMpTy", "DUMMY", "insert"])
def test_a_word_that_comes_up_in_a_long_key_does_not_make_it_a_placeholder(source: str, word: str) -> None:
    """Four letters stand in any order in one Base64 of a thousand; a long value that is words is one that stands for a key."""
    key = secret_forms.Forms(3).encoded(300)
    for at in (40, 150, 300):
        text = source.replace("{}", key[:at] + word + key[at + len(word) :])
        assert_hidden([Leak("kubeconfig", text, (key[:at], key[at + len(word) :]))], redact(in_a_method(text)).text)
    words = "your-client-key-goes-here-" * 5
    assert redact(in_a_method(source.replace("{}", words))).kinds == ()


@pytest.mark.parametrize(
    "source",
    [
        "/*\nkind: Secret\ndata:\n  password: {}\n*/",
        "// _auth={}",
        'var a = """{"auths":{"r":{"auth":"{}"}}}""";',
        'var c = new CosmosClient("https://a.documents.azure.com", "{}");',
    ],
)
@pytest.mark.parametrize("lead", ["/", "/sX", ""])
def test_base64_without_a_digit_or_with_a_slash_before_it_is_no_path(source: str, lead: str) -> None:
    """One in 64 begins as a path does, and one short one in twenty has no digit: the letters change their case as in no name."""
    short = f"{lead}sTfWyowavIePuISpoHHLqBvR"[:24]
    key = f"{lead}{secret_forms.Forms(3).encoded(64)}"[:86] + "==" if "Cosmos" in source else short
    text = source.replace("{}", key)
    assert_hidden([Leak("base64", text, (key,))], redact(in_a_method(text)).text)


@pytest.mark.parametrize(
    "path", ["/Account/ResetPassword", "/Api/V2/OrdersById/Export", "/blobs/3f2a9b77c1d04e55", "/OrderLinesOfCustomer"]
)
@pytest.mark.parametrize("source", ['PasswordPath = "{}";', "// password: {}", 'var passwordReset = "{}";'])
def test_a_path_stays_a_path(source: str, path: str) -> None:
    """The quiet twins: words with a capital each, or digits of one case."""
    assert redact(source.replace("{}", path)).kinds == ()


@pytest.mark.parametrize(
    "source",
    [
        "// the password hash for version 2 is SHA256",
        "// the password for the user is checked in Version2Handler",
        "// password of the account: see Orders.V2",
        "// passwords in this table: SHA512Managed",
        '// the password of the user is "</remarks>"',
    ],
)
def test_a_sentence_that_speaks_of_passwords_stays(source: str) -> None:
    """What follows is a technique, a type or nothing."""
    assert redact(source).kinds == ()


# --- what is left alone ------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ['var text = "{}";', 'Use("{}", 1);', "// {}", 'Log("a" + "{}" + b);'])
def test_at_most_one_ordinary_literal_in_a_hundred_is_touched(place: str) -> None:
    """Of more than eight hundred ordinary literals and comments at most one in two hundred."""
    assert len(set(LITERALS)) >= 800
    wrong = [literal for literal in LITERALS if redact(place.replace("{}", literal, 1)).kinds]
    assert len(wrong) <= 0.005 * len(LITERALS), wrong


@pytest.mark.parametrize(
    "source",
    [
        'var a = string.Concat("orders", "-", "2024");',
        'var a = string.Join(", ", "sk-", "gh' + 'p_", "xoxb-");',
        'string[] prefixes = { "gh' + 'p_", "npm_", "AKIA", "sk_live_" };',
        'Use("sk-");\nUse("orders-and-their-lines-and-more-of-them-in-words");',
        "var a = new[] { 'a', 'b', 'c' };",
        "byte[] a = { 72, 101, 108, 108, 111, 44, 32, 87, 111, 114, 108, 100 };",
        'var a = "\\u00e4\\u00f6\\u00fc" + "\\u0041";',
        'var a = Encoding.UTF8.GetString(Convert.FromBase64String("SGVsbG8sIFdvcmxkLCB0aGlzIGlzIG5vIHNlY3JldA=="));',
        'const string A = "orders"; const string B = "lines"; var a = $"{A}/{B}";',
        'var password = stage switch { "test-1" => Read(), "prod-2" => Vault() };',
        'var password = config["Db:Password1"] ?? config.GetValue<string>("Db:Password2");',
        'Password = table.Column<string>(type: "varchar(300)", maxLength: 300, nullable: true),',
        'public string Password { get; set; }\npublic string Plan { get; set; } = "Teams2020!";',
        'string GetPassword(string name = "x") => Vault.Read("orders/db-1", name);',
        'password = Prompt("Your password (1/3):");',
        'if (password.Equals(other)) Log("attempt #1 failed");',
        'var bypass = "eof_action=pass:repeatlast=0";',
        'PasswordProvider = (_, _) => vault.Read("Db:Password-1");',
        'var passwordSource = kinds.Select(k => k.Name).Single("Main-2");',
        'var userlist = Load("users.txt", "roles-2.txt");',
        'var md5 = "md5"; var scram = "SCRAM-SHA-256";',
        'connection.Bind("cn=svc,dc=acme", password);',
        'services.Bind("Orders:V2", options);',
        'var c = new SqlCredential("app", secure);',
        'await queue.CreateAsync("orders", "Orders.V2-final");',
        'context.Open("orders.db", "PRAGMA journal_mode=WAL;");',
        "// the password is checked by step 2 of RFC-4086, see #17",
        '// pass null or "*" to get all of them (v2)',
        "/* password:\n   at least 8 of [a-z0-9] and 1 of !#$\n*/",
        'var compass = "N42°E11";',
        '"https://cdn.acme.example/a.js?signature={0}"',
    ],
)
def test_code_that_puts_other_things_together_stays(source: str) -> None:
    """The quiet twins: prefixes, words, numbers, settings and methods that look like what the rules look for."""
    assert redact(source).text == source


def test_a_certificate_and_a_public_key_stay() -> None:
    """The lines of what anybody may read look like those of a private key, and stay as far as their first line is there."""
    made = secret_forms.Forms(5)
    body = [made.some(secret_forms.BASE64, 64) for _ in range(4)]
    for label, first in (("CERTIFICATE", "MIIDdzCCAl+gAwIBAgIE" + body[0][:44]), ("PUBLIC KEY", body[0])):
        text = "\n".join(["-----BEGIN " + label + "-----", first, *body[1:], "-----END " + label + "-----"])
        assert redact(text).text == text


# --- the data ----------------------------------------------------------------------------------------------


def test_every_format_begins_with_a_text_to_look_for() -> None:
    """A pattern of ``makers.toml`` has a literal beginning of two letters or more, and compiles."""
    assert len(makers().formats) >= 250
    for form in makers().formats:
        assert len(form.anchor) >= 2 or form.back, form
        re.compile(form.pattern)
    assert prefix(r"dp\.[a-z]{2}") == "dp."
    assert prefix(r"gh?p_") == "g"
    assert all(one.maker == one.maker.lower() and len(one.maker) > 3 for one in makers().near)


def test_no_rule_takes_long_on_what_it_looks_for() -> None:
    """Every anchor again and again, in words and in literals that are put together, is done in a moment."""
    slow = []
    for anchor in sorted({anchor for rule in rules() for anchor in rule.anchors})[::4]:
        unit = f'{anchor}a1"{anchor}" + '
        start = time.process_time()
        redact(unit * (1_000 // len(unit)))
        taken = time.process_time() - start
        if taken > 1:
            slow.append((unit, taken))
    assert not slow


UNITS = (
    '"a" + ', "'a', ", '"\\u0073"', '$"{a}"', '$"{', "Concat(", "new(", "mistral ", 'x.Append("a");', "1, ", '"""', '@"', '@"""', "a+",
    'A = "a";', 'const string A = "sk-";', 'sk-"', "$2a$10$", "(((", "Bind(", "// // ", "/* pass ", '"\\"', "'\\", "[0x73, ", "{A}",
    "aA1+" * 16 + "\n", '"aA1+' + "aA1+" * 15 + '" +\n', "string.Format(", '$$"""{{', "pass ? ", "switch (password) { case ",
)  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_no_text_of_literals_takes_long(unit: str) -> None:
    """A hundred thousand characters of what literals are read from take a second or two at most."""
    start = time.process_time()
    redact(unit * (100_000 // len(unit)))
    assert time.process_time() - start < 10


@pytest.mark.parametrize("unit", ["Bind(", 'pwd={..."', 'Password={a b" ', 'PasswordProvider = x => "', 'userlist "'])
def test_what_is_looked_for_again_and_again_takes_as_long_as_there_is_of_it(unit: str) -> None:
    """Four times as much of a text that has nothing but anchors takes some four times as long, and not sixteen."""

    def taken(size: int) -> float:
        start = time.process_time()
        redact(unit * (size // len(unit)))
        return time.process_time() - start

    assert any(taken(16_000) / taken(4_000) < 9 for _ in range(4))


def test_a_secret_that_is_a_name_is_replaced(tmp_path: Path) -> None:
    """A file or member that is named as a key is shown without it, in text and JSON, with and without a model."""
    key = "AKIA" + "QWERTYUIOPASDFGH"
    code = f"public class C\n{{\n    object _g; int _n;\n    public void {key}()\n    {{\n        lock (_g) {{ _n++; }}\n    }}\n    void Other() {{ {key}(); }}\n}}\n"
    (tmp_path / f"{key}.cs").write_text(code)
    for command in (
        ["context", f"{key}.cs:6"],
        ["context", f"{key}.cs:6", "--format", "json"],
        *(
            ["review", f"{key}.cs:6", "--provider", "none", "--format", form]
            for form in ("text", "markdown", "json", "html")
        ),
        ["prompt", f"{key}.cs:6"],
        ["lint", "."],
    ):
        done = run(*command, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert key not in done.stdout + done.stderr, command


PARTS = st.sampled_from(
    [
        *(leak.source for _, leak in MADE[::9]),
        '"',
        "'",
        "$",
        "@",
        "{",
        "}",
        "+",
        ";",
        "\n",
        "\r\n",
        "\\",
        "(",
        ")",
        ", ",
        "//",
        "/*",
        "u8",
        "string.Concat(",
        '"""',
        ".Append(",
        "const string A = ",
        "[REDACTED:key:3]",
        "password",
        "密码",
        "İ",
        "\\u0041",
        '$"{A}"',
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(PARTS, st.text(max_size=6)), max_size=8).map("".join))
def test_redacting_twice_finds_nothing_new(text: str) -> None:
    """Whatever literals are cut into, nothing is left to be found, no line is lost and only known kinds are named."""
    once = redact(text)
    assert redact(once.text).text == once.text
    assert redact(once.text).kinds == ()
    assert set(once.kinds) <= set(kinds())
    for end in ("\n", "\r"):
        assert once.text.count(end) == text.count(end)


@pytest.mark.parametrize(
    "body",
    [
        'switch (to) { case 1: return "Wnb74iJLK!Ri"; default: return ""; }',
        'switch (to)\n    {\n        case Stage.Live:\n            return "Wnb74iJLK!Ri";\n    }\n    return Read();',
        'if (_old) { return "Wnb74iJLK!Ri"; }\n    return Read();',
    ],
)
def test_what_a_method_named_for_a_password_returns_in_a_branch_is_replaced(body: str) -> None:
    """A switch statement and an early return give it as an expression does; what the next method returns is not a password."""
    after = f'string GetPassword(int to)\n{{\n    {body}\n}}\nstring Title() {{ return "Wnb74iJLK!Rx"; }}\n'
    shown = redact(after).text
    assert "Wnb74iJLK!Ri" not in shown
    assert "Wnb74iJLK!Rx" in shown


@pytest.mark.parametrize("places", ['"{0}", "{a}{b}"', '"{0}{1}", "{a}", "{b}"'])
def test_a_builder_that_formats_in_a_statement_of_its_own(places: str) -> None:
    """A literal that is nothing but places for others is passed over: the key is what fills them."""
    first, rest = "Zk3mQ9xv7Lw2Rt8Yp5Nc", "4Hb6Jd1Fs0GaqWEr"
    filled = places.replace("{a}", first).replace("{b}", rest)
    found = redact(f'var b = new StringBuilder("ghp_");\nb.AppendFormat({filled});\n')
    assert first not in found.text
    assert rest not in found.text
