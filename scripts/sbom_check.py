"""Checks a bill of materials against the schema and the licence list of CycloneDX; needs requirements/tools.txt."""

import json
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.spdx import is_expression
from cyclonedx.validation.json import JsonStrictValidator


def main(path: Path) -> int:
    """Print the verdict on a file; the result is the exit status."""
    text = path.read_text()
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        print(f"{path}: {error.data.json_path}: {error.data.message}", file=sys.stderr)
        return 1
    components = json.loads(text)["components"]
    # The schema takes any text for an expression.
    for name, licence in ((it["name"], licence["expression"]) for it in components for licence in it["licenses"]):
        if not is_expression(licence):
            print(f"{path}: {name}: {licence!r} is no SPDX expression", file=sys.stderr)
            return 1
    print(f"{path}: {len(components)} components, valid CycloneDX 1.6")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
