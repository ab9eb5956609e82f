"""Asks a real Prometheus, which scrapes the real binaries under load, for all that the alerts and the dashboard ask for. Run by
observe.sh.

    python observe.py PROMETHEUS DIRECTORY API-URL WORKER-URL

The configuration is deploy/prometheus/prometheus.yml with other addresses and a shorter interval. None of these may be without
data: a series that an expression names, the value that an alert compares, the expression of a panel. And while all is well,
no alert may fire but the one that is provoked. Writes DIRECTORY/observed.json, what the panels showed, for plot.py. Exits with
1 and one line for each thing that is missing.

OBSERVE_SECONDS says for how long it looks at least, 20 if not set.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The load has messages that cannot be counted.
PROVOKED = "TotalsDeadLettersArrive"
INTERVAL = "1s"
# Grafana's is four intervals, and a little more here for a machine that is busy.
RATE_INTERVAL = "10s"
PATIENCE = 90
SELECTOR = re.compile(r"\b(?:(?:totals|process)_\w+|up|ALERTS)\b(?:\{[^}]*\})?")
COMPARISON = re.compile(r"\s*(?:==|!=|<=|>=|<|>)\s*[\d.]+")


class Prometheus:
    """A server with the configuration of deploy/, its addresses apart."""

    def __init__(self, program, directory, targets):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % free.getsockname()[1]
        data = directory / "observed"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
        config["global"] = {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL}
        config["rule_files"] = [str(ROOT / "deploy/prometheus" / name) for name in config["rule_files"]]
        for job in config["scrape_configs"]:
            del job["dns_sd_configs"]
            job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
        (data / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.log = (data / "log").open("w")
        self.process = subprocess.Popen(
            [program, f"--config.file={data}/prometheus.yml", f"--storage.tsdb.path={data}/data",
             f"--web.listen-address={self.address}"],
            stdout=self.log, stderr=self.log)

    def get(self, path, **parameters):
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def has(self, expression):
        """Whether the expression has a value now, and one that is a number."""
        return any(entry["value"][1] != "NaN" for entry in self.get("query", query=expression)["result"])

    def stop(self):
        self.process.terminate()
        self.process.wait()


def alerts():
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
    return [rule for group in rules["groups"] for rule in group["rules"]]


def panels():
    dashboard = json.loads((ROOT / "deploy/grafana/dashboards/totals.json").read_text())
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def of_panel(expression):
    return expression.replace("$__rate_interval", RATE_INTERVAL)


def compared(expression):
    """What an alert compares, without the comparisons, which filter all while all is well, and without what stands in for
    nothing. Of `unless` and `and` both sides, each by itself."""
    sides = re.split(r"\s+(?:unless|and)\s+", expression)
    if any(side.count("(") != side.count(")") for side in sides):
        sides = [expression]
    for side in sides:
        side = COMPARISON.sub("", side).replace(" or vector(0)", "")
        absent = re.fullmatch(r"absent\((.*)\)", side)
        yield absent.group(1) if absent else side


def expected():
    """Pairs of a name and an expression that must have a value."""
    for alert in alerts():
        for selector in SELECTOR.findall(alert["expr"]):
            yield alert["alert"], selector
        for expression in compared(alert["expr"]):
            yield alert["alert"], expression
    for panel in panels():
        for target in panel["targets"]:
            expression = of_panel(target["expr"])
            for selector in SELECTOR.findall(expression):
                yield panel["title"], selector
            yield panel["title"], expression.replace(" or vector(0)", "")
    yield "the alert that is provoked", f'ALERTS{{alertname="{PROVOKED}",alertstate="firing"}}'


def missing(prometheus):
    return [(name, expression) for name, expression in expected() if not prometheus.has(expression)]


def wait_for(prometheus, least):
    """What is still missing when patience is at its end; nothing, if it came before."""
    started, last = time.monotonic(), None
    while time.monotonic() < started + max(PATIENCE, least):
        if prometheus.process.poll() is not None:
            sys.exit(f"Prometheus has ended: {prometheus.log.name}")
        try:
            last = missing(prometheus)
        except OSError as error:
            last = [("Prometheus", str(error))]
        if not last and time.monotonic() >= started + least:
            break
        time.sleep(1)
    return last


def shown(prometheus, start):
    """What each panel shows, from the start to now."""
    end = time.time()
    step = max(1, round((end - start) / 300))
    for panel in panels():
        series = []
        for target in panel["targets"]:
            found = prometheus.get("query_range", query=of_panel(target["expr"]), start=start, end=end, step=step)
            for entry in found["result"]:
                legend = re.sub(r"\{\{(\w+)\}\}", lambda name: entry["metric"].get(name[1], ""), target.get("legendFormat", ""))
                series.append({"legend": legend, "values": entry["values"]})
        yield {"title": panel["title"], "unit": panel["fieldConfig"]["defaults"].get("unit", ""), "series": series}


def main(program, directory, api, worker):
    directory = pathlib.Path(directory).resolve()
    targets = {"totals-api": urllib.parse.urlsplit(api).netloc, "totals-worker": urllib.parse.urlsplit(worker).netloc}
    start = time.time()
    prometheus = Prometheus(program, directory, targets)
    try:
        wrong = [f"{name}: no data: {expression}" for name, expression in wait_for(prometheus, int(os.environ.get("OBSERVE_SECONDS", "20")))]
        if not wrong:
            for group in prometheus.get("rules")["groups"]:
                for rule in group["rules"]:
                    if rule["health"] != "ok":
                        wrong.append(f"{rule['name']}: {rule.get('lastError', rule['health'])}")
                    if rule["state"] == "firing" and rule["name"] != PROVOKED:
                        wrong.append(f"{rule['name']} fires while all is well")
            (directory / "observed.json").write_text(json.dumps(list(shown(prometheus, start))))
    finally:
        prometheus.stop()
    print(f"{len(list(expected()))} expressions of {len(alerts())} alerts and {len(panels())} panels")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
