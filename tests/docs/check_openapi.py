#!/usr/bin/env python3
"""Holds the API's OpenAPI document against the OpenAPI 3.1 specification.

    python3 tests/docs/check_openapi.py

Prints the document with target/debug/totals-api ($TOTALS_API names another binary; build it first, no database is
needed) and checks it with openapi-spec-validator from PyPI, in a virtual environment of its own under target/.
Exits with 1 and the validator's words on failure.
"""

import os
import subprocess
import sys

import pypi

REQUIREMENT = "openapi-spec-validator==0.9.0"


def main():
    program = os.environ.get("TOTALS_API", os.path.join(pypi.TARGET, "debug", "totals-api"))
    if not os.path.exists(program):
        print(f"check_openapi: {program} does not exist: run `cargo build -p totals-api` first", file=sys.stderr)
        return 1
    try:
        document = subprocess.run([program, "openapi"], check=True, stdout=subprocess.PIPE).stdout
        command = [pypi.program(REQUIREMENT, "openapi-spec-validator"), "--schema", "3.1", "-"]
        checked = subprocess.run(command, input=document, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.CalledProcessError as failure:
        print(f"check_openapi: {failure}; is Python's venv there (apt-get install python3-venv)?", file=sys.stderr)
        return 1
    if checked.returncode:
        print(f"check_openapi: {checked.stdout.decode().strip()[:2000]}", file=sys.stderr)
        return 1
    print(f"the OpenAPI document ({len(document)} bytes) is valid")
    return 0


if __name__ == "__main__":
    sys.exit(main())
