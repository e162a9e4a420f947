"""PACKAGE names the .deb, as tools/package made it."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
