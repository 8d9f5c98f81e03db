"""tokens.py - the tokens of C that may be changed, and what each may become.

Comments, strings, attributes, asserts and preprocessor lines other than the bodies of #define are
no tokens here, nor is the length in an array's declaration, which only makes room.
"""

import re

TYPES = (r"(?:lane|ilane|ulane|float|double|char|int|unsigned|size_t|u?int\d+_t|"
         r"(?:const )?struct \w+|(?:const )?enum \w+)")
TOKEN = re.compile(
    r"(?P<number>(?<![\w.])(?:0[xX][0-9a-fA-F]+|(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)[uUlLfF]*)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<op><<=|>>=|->|\+\+|--|&&|\|\||<<|>>|[<>=!+\-*/%&|^]=|[<>+\-*/%&|^!~])")
SWAPS = {
    "+": ["-"], "-": ["+"], "*": ["/", "+"], "/": ["*"], "%": ["/"],
    "<": ["<=", ">", ">="], "<=": ["<", ">=", ">"], ">": [">=", "<", "<="], ">=": [">", "<=", "<"],
    "==": ["!="], "!=": ["=="], "&&": ["||"], "||": ["&&"], "&": ["|", "^"], "|": ["&", "^"],
    "^": ["&", "|"], "<<": [">>"], ">>": ["<<"], "+=": ["-="], "-=": ["+="], "*=": ["/="],
    "/=": ["*="], "|=": ["&="], "&=": ["|="], "++": ["--"], "--": ["++"], "!": [""], "~": [""],
    "^=": ["|="], "<<=": [">>="], ">>=": ["<<="],
}
NAMES = {
    "lane_min": ["lane_max"], "lane_max": ["lane_min"],
    "lane_lt": ["lane_le", "lane_gt"], "lane_le": ["lane_lt", "lane_ge"],
    "lane_gt": ["lane_ge", "lane_lt"], "lane_ge": ["lane_gt", "lane_le"],
    "lane_igt": ["lane_ieq"], "lane_ieq": ["lane_igt"],
    "break": ["continue"], "continue": ["break"],
}
NO_VARIABLES = {"state", "memory", "in", "out", "return", "else", "case", "goto", "sizeof", "struct",
                "enum", "const", "static", "inline", "void"}


def spaces(text):
    return re.sub(r"[^\n]", " ", text)


def closing(text, at):
    """The place behind the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if not depth:
            return i + 1
    return len(text)


def blanked(text):
    """The text with spaces for all that is no token."""
    text = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
                  lambda m: spaces(m[0]), text, flags=re.S)
    text = re.sub(r"^[ \t]*#[ \t]*define[ \t]+\w+(\([^)]*\))?", lambda m: spaces(m[0]), text, flags=re.M)
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: spaces(m[0]), text, flags=re.M)
    while True:
        found = re.search(r"\b(?:_Static_assert|assert|__attribute__|__asm__|_Alignas)\s*(?=\()", text)
        if not found:
            return text
        end = closing(text, found.end())
        text = text[: found.start()] + spaces(text[found.start() : end]) + text[end:]


def numbers(word):
    """What a constant may become: one more, one less, its negative; of a float, its last digit."""
    digits, suffix = re.fullmatch(r"(0[xX][0-9a-fA-F]+|[\d.]+(?:[eE][+-]?\d+)?)(\w*)", word).groups()
    if digits[:2] in ("0x", "0X"):
        value = int(digits, 16)
        return ["0x%x%s" % (v, suffix) for v in (value + 1, value - 1) if v >= 0]
    if re.fullmatch(r"\d+", digits):
        value = int(digits)
        near = [str(v) + suffix for v in (value + 1, value - 1) if v >= 0]
        return near + (["(-%s)" % word] if value and "u" not in suffix.lower() else [])
    mantissa, exponent = re.fullmatch(r"([\d.]+)(.*)", digits).groups()
    at = len(mantissa.rstrip(".")) - 1
    last = int(mantissa[at])
    turned = [d for d in (last - 1, last + 1) if 0 <= d <= 9]
    near = [mantissa[:at] + str(d) + mantissa[at + 1 :] + exponent + suffix for d in turned]
    return near + (["(-%s)" % word] if float(digits) else [])


def functions(text):
    """(start, end) of each body that begins a line."""
    for found in re.finditer(r"^[^\s#}/][^;{}]*?\n?\{$(.*?)^\}", text, re.M | re.S):
        yield found.start(), found.end()


def variables(body):
    """name: (type, where it is declared) of what a function declares."""
    found = {}
    for row in re.finditer(r"\b(%s)\s+(\**\w+(?:\s*=[^,;()]*(?:\([^;]*?\))?[^,;()]*)?(?:,\s*\**\w+)*)" % TYPES, body):
        for part in re.finditer(r"(?:^|,)\s*(\**)(\w+)", row[2]):
            called = re.match(r"\s*\(", body[row.start(2) + part.end() :])
            if not (part[2] in NO_VARIABLES or part[2].isdigit() or called or re.fullmatch(TYPES, part[2])):
                found.setdefault(part[2], (re.sub("const ", "", row[1]) + part[1], row.start(2) + part.start(2)))
    return found


def names_of(text):
    """{place of a name: others of its kind}: variables of one type in a function, members of the
    same struct, constants of one enum's prefix."""
    others = {}
    for start, end in functions(text):
        body = text[start:end]
        known = variables(body)
        for use in re.finditer(r"(?<![\w.>])[A-Za-z_]\w*\b(?!\s*\()", body):
            if use[0] not in known or use.start() <= known[use[0]][1]:
                continue
            kind = known[use[0]][0]
            same = [n for n, (k, at) in known.items() if k == kind and n != use[0] and at < use.start()]
            if same:
                others[start + use.start()] = sorted(same)
    members = {}
    for struct in re.finditer(r"^struct \w+ \{$(.*?)^\}", text, re.M | re.S):
        for row in re.finditer(r"^\s+(%s)\s+(\w+(?:, \w+)*);" % TYPES, struct[1], re.M):
            for name in row[2].split(", "):
                members.setdefault(name, set()).update(
                    n for r in re.finditer(r"^\s+%s\s+(\w+(?:, \w+)*);" % re.escape(row[1]), struct[1], re.M)
                    for n in r[1].split(", ") if n != name)
    for use in re.finditer(r"(?:->|\.)(\w+)\b(?!\s*\()", text):
        if members.get(use[1]):
            others[use.start(1)] = sorted(members[use[1]])
    constants = sorted(set(re.findall(r"\b[A-Z]+_[A-Z_0-9]+\b(?!\s*\()", text)))
    for use in re.finditer(r"\b[A-Z]+_[A-Z_0-9]+\b(?!\s*\()", text):
        prefix = use[0].split("_")[0] + "_"
        same = [c for c in constants if c != use[0] and c.startswith(prefix)]
        if same:
            others[use.start()] = same
    return others


def is_pointer(text, at, end):
    """The * or & at `at` is no arithmetic."""
    before = text[:at].rstrip()
    if not re.search(r"[\w)\]]$", before) or re.search(r"\breturn$", before):
        return True
    return bool(re.search(r"\b%s$" % TYPES, before)) or text[end : end + 1] in "),"


def tokens(path, text):
    """("plain" or "name", path, offset, word, what it may become), in order."""
    clean = blanked(text)
    others = names_of(clean)
    for found in TOKEN.finditer(clean):
        at, word = found.start(), found[0]
        kind, options = "plain", []
        if found.lastgroup == "number":
            if not re.search(r"\b%s\s+\**\w+(?:\[[^\]]*\])*\[$" % TYPES, clean[max(0, at - 80) : at]):
                options = numbers(word)
        elif found.lastgroup == "op":
            if word == "-" and is_pointer(clean, at, found.end()):
                options = [""]
            elif word not in "*&+" or not is_pointer(clean, at, found.end()):
                options = SWAPS.get(word, [])
        elif word in NAMES:
            options = NAMES[word]
        else:
            kind, options = "name", others.get(at, [])
        if options:
            yield kind, path, at, word, options
