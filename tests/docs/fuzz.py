#!/usr/bin/env python3
"""Fuzzes a running API by its own OpenAPI document.

    python3 tests/docs/fuzz.py http://127.0.0.1:3005

Schemathesis from PyPI, in a virtual environment of its own under target/, makes requests that fit the document and
requests that do not, from a fixed seed, and holds every answer against the document: its status, its content
type, its schema, and that it is no error of the server's. Streams are left out: they have no end to wait for. Exits
with 1 on failure; the output says how to repeat the request.
"""

import subprocess
import sys

import pypi

REQUIREMENT = "schemathesis==4.32.5"

CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]


def main(url):
    command = [
        pypi.program(REQUIREMENT, "schemathesis"), "--no-color", "run", f"{url}/openapi.json",
        "--checks", ",".join(CHECKS),
        "--phases", "examples,coverage,fuzzing",
        "--exclude-path-regex", "/stream$",
        "--seed", "20251121", "--max-examples", "150", "--generation-database", "none",
        "--request-timeout", "10", "--workers", "2",
    ]
    return subprocess.run(command, cwd=pypi.environment(REQUIREMENT)).returncode and 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n\n")[1].strip())
    sys.exit(main(sys.argv[1].rstrip("/")))
