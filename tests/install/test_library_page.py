"""docs/library.md shows the code of examples/, which is built and run, and no other."""
import pathlib
import re

ROOT = pathlib.Path(__file__).parent.parent.parent


def test_code_of_the_tutorial_is_the_examples():
    page = (ROOT / "docs/library.md").read_text()
    blocks = re.findall(r"^```(?:cpp|cmake)\n(.*?)^```", page, re.S | re.M)
    sources = [path.read_text() for path in ROOT.glob("examples/*/*") if path.is_file()]
    assert len(blocks) > 5
    assert [block for block in blocks if not any(block in source for source in sources)] == []


def test_calls_of_the_log_are_as_many_as_the_tutorial_says():
    header = (ROOT / "include/reprise/invalidation_log.hpp").read_text()
    assert header.count(") = 0;") == 8 and "It is eight calls" in (ROOT / "docs/library.md").read_text()
