"""What no other program knows of deploy/: that its files agree with each other and with the documents. Run by check.sh.

    python check.py DIRECTORY

Writes DIRECTORY/dashboard.yml, the dashboard's expressions as rules, so that promtool can read them. Exits with 1 and one
line for each thing that is wrong.
"""

import itertools
import json
import pathlib
import re
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPERATIONS = (ROOT / "docs/operations.md").read_text()
METRIC = re.compile(r"\b(?:totals_(?:api|worker|build)|process)_[a-z_]+\b")
# Panels that Grafana has without a plugin.
PANELS = {"row", "stat", "timeseries"}
wrong = []


def expect(holds, message):
    if not holds:
        wrong.append(message)


def load(path):
    return yaml.safe_load((ROOT / path).read_text())


def anchors(markdown):
    """The anchors of a document's headings, as GitHub and GitLab make them."""
    headings = re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def check_alerts():
    """Returns the expressions of all alerts."""
    outcomes = {}
    for path in (ROOT / "tests/deploy/alerts").glob("*.yml"):
        for test in yaml.safe_load(path.read_text())["tests"]:
            for case in test["promql_expr_test"]:
                # A case of several alerts at once names them by a pattern, and counts for none.
                for name in re.findall(r'alertname="(\w+)"', case["expr"]):
                    outcomes.setdefault(name, set()).add(bool(case["exp_samples"]))
    known = anchors(OPERATIONS)
    alerts = [rule for group in load("deploy/prometheus/alerts.yml")["groups"] for rule in group["rules"]]
    for alert in alerts:
        name, notes = alert["alert"], alert["annotations"]
        expect(alert["labels"]["severity"] in ("critical", "warning"), f"{name}: its severity")
        expect(notes.keys() == {"summary", "description", "runbook_url"}, f"{name}: its annotations")
        page, _, anchor = notes["runbook_url"].partition("#")
        expect(page == "docs/operations.md" and anchor in known, f"{name}: no section {notes['runbook_url']}")
        expect(outcomes.get(name) == {True, False}, f"{name}: no test in which it fires, or none in which it does not")
    names = [alert["alert"] for alert in alerts]
    expect(outcomes.keys() == set(names), "a test of an alert that there is not")
    sections = re.findall(r"^### (Totals\w+)$", OPERATIONS, re.MULTILINE)
    expect(sorted(sections) == sorted(names), "docs/operations.md has a section of an alert that there is not, or two")
    return [alert["expr"] for alert in alerts]


def check_dashboard(directory):
    """Returns the expressions of all panels."""
    dashboard = json.loads((ROOT / "deploy/grafana/dashboards/totals.json").read_text())
    panels = dashboard["panels"]
    ids = [panel["id"] for panel in panels]
    expect(len(ids) == len(set(ids)), "dashboard: two panels have one id")
    for one, other in itertools.combinations(panels, 2):
        expect(not overlap(one["gridPos"], other["gridPos"]), f"dashboard: {one['title']} covers {other['title']}")
    expressions = [note["expr"] for note in dashboard["annotations"]["list"]]
    for panel in panels:
        expect(panel["type"] in PANELS, f"dashboard: {panel['title']} is a {panel['type']}, which may be a plugin's")
        if panel["type"] == "row":
            continue
        expect(panel["datasource"]["uid"] == "${datasource}", f"dashboard: the data source of {panel['title']}")
        expressions += [target["expr"] for target in panel["targets"]]
    plain = [expression.replace("$__rate_interval", "5m") for expression in expressions]
    rules = [{"record": f"dashboard:{number}", "expr": expression} for number, expression in enumerate(plain)]
    (directory / "dashboard.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    return expressions


def overlap(one, other):
    return all(
        one[at] < other[at] + other[size] and other[at] < one[at] + one[size] for at, size in (("x", "w"), ("y", "h"))
    )


def check_metrics(expressions):
    """Holds each metric that an expression asks for against the tables of docs/operations.md."""
    documented = set()
    for first_cell in re.findall(r"^\| (`[^|]+) \|", OPERATIONS, re.MULTILINE):
        documented |= set(METRIC.findall(first_cell))
    for name in sorted({name for expression in expressions for name in METRIC.findall(expression)}):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        expect(base in documented, f"{base} is in no table of docs/operations.md")


def check_manifests(directory):
    """Holds the manifests against the version and the variables of the service."""
    version = re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)
    variables = set(re.findall(r"^#(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    for name in ("base", "overlays-example"):
        for manifest in yaml.safe_load_all((directory / f"{name}.yaml").read_text()):
            if manifest["kind"] == "ConfigMap":
                expect(manifest["data"].keys() <= variables, f"{name}: {manifest['data']} has an unknown variable")
            if manifest["kind"] != "Deployment":
                continue
            container, = manifest["spec"]["template"]["spec"]["containers"]
            expect(container["image"].endswith(f"totals-service:{version}"), f"{name}: {container['image']}")
            for variable in container["env"]:
                expect(variable["name"] in variables, f"{name}: {variable['name']} is not in .env.example")


def main():
    directory = pathlib.Path(sys.argv[1])
    check_metrics(check_alerts() + check_dashboard(directory))
    check_manifests(directory)
    for line in wrong:
        print(line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


main()
