"""The test cases of the Autobahn suite, as published, for Python 3.

The suite is written for Python 2, where text is bytes. Its cases are read as Latin-1 here, so that text keeps one
character a byte, and the few lines that Python 3 understands differently are changed on the way. run.py turns text into
bytes and back where it meets the network.
"""

import binascii
import importlib.abc
import importlib.util
import re
import sys
import types

# What is changed, as a pattern and what takes its place; every pattern is found in some file.
CHANGES = [
    (r"^( *)print( .*)?$", r"\1pass"),
    (r"\(object, Case, \)", "(Case,)"),
    (r"\bbinascii\.b2a_hex\(", "hexadecimal("),
    (r"\bv\.validate\(vss\[:i\]\)", 'v.validate(vss[:i].encode("latin-1"))'),
    (r"\blen\(self\.payload\) / self\.p\b", "len(self.payload) // self.p"),
]

UNUSED = {
    "case9_9_1": {},
    "case12_x_x": {
        "Case12_X_X": [],
        "Case12_X_X_CaseSubCategories": {},
        "Case13_X_X": [],
        "Case13_X_X_CaseSubCategories": {},
    },
}


def hexadecimal(text):
    return binascii.b2a_hex(text.encode("latin-1") if isinstance(text, str) else text).decode("ascii")


class CaseLoader(importlib.abc.Loader):
    """Runs one file of the suite."""

    def __init__(self, file):
        self.file = file

    def exec_module(self, module):
        source = self.file.read_text(encoding="latin-1")
        for pattern, replacement in CHANGES:
            source = re.sub(pattern, replacement, source, flags=re.MULTILINE)
        module.__dict__.update(xrange=range, hexadecimal=hexadecimal)
        exec(compile(source, str(self.file), "exec", dont_inherit=True), module.__dict__)


class CaseFinder(importlib.abc.MetaPathFinder):
    """Finds the suite's modules, which import each other by their bare names."""

    def __init__(self, directory):
        self.directory = directory

    def find_spec(self, name, path, target=None):
        file = self.directory / f"{name}.py"
        if not file.is_file():
            return None
        return importlib.util.spec_from_loader(name, CaseLoader(file), origin=str(file))


def cases(directory):
    """Every case of the suite by its id, such as 6.4.3, in the suite's order.

    `directory` is autobahntestsuite/case of the published package.
    """
    sys.meta_path.insert(0, CaseFinder(directory))
    # Cases that are not run: one that the suite does not list itself, and those of compression, which is not offered.
    for name, members in UNUSED.items():
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update(members)
    index = types.ModuleType("index")
    CaseLoader(directory / "__init__.py").exec_module(index)
    return {case.__name__.removeprefix("Case").replace("_", "."): case for case in index.Cases}
