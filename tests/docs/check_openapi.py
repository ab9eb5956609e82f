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
import venv

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
REQUIREMENT = "openapi-spec-validator==0.9.0"
ENVIRONMENT = os.path.join(TARGET, "check-openapi", REQUIREMENT)


def validator():
    program = os.path.join(ENVIRONMENT, "bin", "openapi-spec-validator")
    if not os.path.exists(program):
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        pip = [os.path.join(ENVIRONMENT, "bin", "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--disable-pip-version-check", REQUIREMENT], check=True)
    return program


def main():
    program = os.environ.get("TOTALS_API", os.path.join(TARGET, "debug", "totals-api"))
    if not os.path.exists(program):
        print(f"check_openapi: {program} does not exist: run `cargo build -p totals-api` first", file=sys.stderr)
        return 1
    try:
        document = subprocess.run([program, "openapi"], check=True, stdout=subprocess.PIPE).stdout
        command = [validator(), "--schema", "3.1", "-"]
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
