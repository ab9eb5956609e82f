#!/usr/bin/env python3
"""Proves that /docs renders the API in a real browser with nothing but the server itself.

    python3 tests/docs/check_docs.py [--screenshot FILE.png]

Starts target/debug/totals-api (build it first; no database is needed) on a free port, loads /docs in headless
Chromium (`apt-get install chromium`; $CHROMIUM or $TOTALS_API name other binaries), and checks that

- the rendered page shows every path of /openapi.json,
- every request the page makes goes to the server itself, and none fails,
- neither the content security policy nor the script has anything to complain about.

The page is loaded under a public-looking name that resolves to 127.0.0.1, because Scalar behaves otherwise on
localhost; no other name resolves. Python's standard library only. Exits with 1 and one line on failure.
"""

import argparse
import base64
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
NAME = "totals.example"
TIMEOUT_S = 60

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
    "--disable-extensions", "--disable-dev-shm-usage", "--no-proxy-server", "--window-size=1280,1600",
    f"--host-resolver-rules=MAP {NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
]


class Failure(Exception):
    """What is wrong, as one line."""


class Server:
    """totals-api on a free port."""

    def __init__(self):
        program = os.environ.get("TOTALS_API", os.path.join(TARGET, "debug", "totals-api"))
        if not os.path.exists(program):
            raise Failure(f"{program} does not exist: run `cargo build -p totals-api` first")
        env = dict(os.environ, HOST="127.0.0.1", PORT="0", METRICS_PORT="0", LOG_FORMAT="json", LOG_LEVEL="info",
                   DATABASE_URL="mongodb://127.0.0.1:9/none", OTEL_EXPORTER_OTLP_ENDPOINT="")
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([program], env=env, cwd=tempfile.gettempdir(), stdout=self.log, stderr=self.log)
        self.port = self.wait_for_port()

    def wait_for_port(self):
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            self.log.seek(0)
            text = self.log.read()
            found = re.search(r'"address":"http://127\.0\.0\.1:(\d+)"', text)
            if found:
                return int(found.group(1))
            if self.process.poll() is not None:
                raise Failure(f"totals-api ended at once: {text.strip()}")
            time.sleep(0.05)
        raise Failure("totals-api did not log its address")

    def stop(self):
        self.process.terminate()
        self.process.wait(15)


class Browser:
    """Headless Chromium, spoken to over the DevTools protocol on a pair of pipes."""

    def __init__(self, profile):
        program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
        if not program:
            raise Failure("there is no chromium on the PATH: run `apt-get install -y --no-install-recommends chromium`")
        command_read, self.commands = os.pipe()
        self.answers, answer_write = os.pipe()
        # Chromium reads commands from descriptor 3 and writes to 4; the shell puts them there.
        shell = f'exec "$0" "$@" 3<&{command_read} 4>&{answer_write}'
        self.process = subprocess.Popen(
            ["bash", "-c", shell, program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(command_read, answer_write), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(command_read)
        os.close(answer_write)
        self.buffer, self.events, self.last_id = b"", [], 0

    def receive(self, deadline):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.answers], [], [], max(0, deadline - time.monotonic()))
            chunk = os.read(self.answers, 1 << 20) if ready else b""
            if not chunk:
                raise Failure("chromium ended" if ready else "chromium does not answer")
            self.buffer += chunk
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **params):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            answer = self.receive(deadline)
            if answer.get("id") != self.last_id:
                self.events.append(answer)
            elif "error" in answer:
                raise Failure(f"chromium refuses {method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def open(self, url):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Network", "Runtime", "Log"]:
            self.call(f"{domain}.enable", session)
        self.call("Page.navigate", session, url=url)
        return session

    def evaluate(self, session, script):
        result = self.call("Runtime.evaluate", session, expression=script, returnByValue=True)
        return result["result"].get("value")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def wait_until(what, condition):
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        missing = condition()
        if not missing:
            return
        if time.monotonic() > deadline:
            raise Failure(f"{what}: {missing}")
        time.sleep(0.1)


def check_rendering(browser, session, paths):
    def missing():
        text = browser.evaluate(session, "document.body ? document.body.innerText : ''") or ""
        flat = re.sub(r"[\s\u200b]+", "", text)
        return [path for path in paths if path.replace(" ", "") not in flat]

    # Scalar renders a section when it comes into view.
    def scrolled():
        browser.evaluate(session, "window.scrollBy(0, 600); if (window.scrollY + innerHeight >= "
                                  "document.documentElement.scrollHeight - 2) window.scrollTo(0, 0)")
        seen.update(path for path in paths if path not in missing())
        return sorted(set(paths) - seen)

    seen = set()
    wait_until("the page does not show", scrolled)
    browser.evaluate(session, "window.scrollTo(0, 0)")


def check_requests(browser, origin):
    """Every request went to the server, and was answered."""
    requests, complaints = {}, []
    for event in browser.events:
        params = event.get("params", {})
        match event.get("method"):
            case "Network.requestWillBeSent":
                requests[params["requestId"]] = params["request"]["url"]
            case "Network.responseReceived" if params["response"]["status"] >= 400:
                complaints.append(f"{params['response']['url']} gave {params['response']['status']}")
            case "Network.loadingFailed" if not params.get("canceled"):
                complaints.append(f"{requests.get(params['requestId'])} failed: {params['errorText']}")
            case "Log.entryAdded" if params["entry"]["level"] in ("warning", "error"):
                complaints.append(params["entry"]["text"])
            case "Runtime.exceptionThrown":
                complaints.append(params["exceptionDetails"].get("exception", {}).get("description", "exception"))
            case "Network.webSocketCreated" | "Network.webTransportCreated":
                complaints.append(f"a socket to {params['url']}")
    foreign = [url for url in requests.values() if not url.startswith((origin + "/", "data:", "blob:" + origin))]
    if foreign:
        raise Failure(f"requests leave the server: {foreign}")
    if complaints:
        raise Failure(f"the browser complains: {complaints}")
    if not any(url.endswith(".js") for url in requests.values()):
        raise Failure(f"the script was not among the requests: {list(requests.values())}")
    return requests.values()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--screenshot", metavar="FILE.png", help="where to save a picture of the page")
    arguments = parser.parse_args()
    stops = []
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            try:
                server = Server()
                stops.append(server.stop)
                origin = f"http://{NAME}:{server.port}"
                with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/openapi.json", timeout=10) as answer:
                    paths = list(json.load(answer)["paths"])
                browser = Browser(profile)
                stops.append(browser.stop)
                started = time.monotonic()
                session = browser.open(f"{origin}/docs")
                check_rendering(browser, session, paths)
                seconds = time.monotonic() - started
                if arguments.screenshot:
                    picture = browser.call("Page.captureScreenshot", session, format="png")["data"]
                    with open(arguments.screenshot, "wb") as file:
                        file.write(base64.b64decode(picture))
                requests = check_requests(browser, origin)
            finally:
                for stop in reversed(stops):
                    stop()
    except Failure as failure:
        print(f"check_docs: {failure}", file=sys.stderr)
        return 1
    print(f"/docs shows {len(paths)} paths after {seconds:.1f} s; its {len(requests)} requests stayed on the server")
    return 0


if __name__ == "__main__":
    sys.exit(main())
