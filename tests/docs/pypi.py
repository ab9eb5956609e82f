"""Programs from PyPI for the checks beside this file, each in a virtual environment of its own under target/."""

import os
import subprocess
import venv

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))


def environment(requirement):
    """Where the requirement is installed."""
    return os.path.join(TARGET, "check-openapi", requirement)


def program(requirement, name):
    """The path of a program of the requirement, which is installed if it is not there."""
    path = os.path.join(environment(requirement), "bin", name)
    if not os.path.exists(path):
        venv.create(environment(requirement), with_pip=True, clear=True)
        pip = [os.path.join(environment(requirement), "bin", "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--disable-pip-version-check", requirement], check=True)
    return path
