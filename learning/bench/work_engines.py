"""Doing proof of work as others do it: the browser's worker in Chromium and in Node, and OpenSSL's own measure."""

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings

SCRIPT = settings.BASE_DIR / "static" / "tessera" / "work.js"
LONGEST = 300  # seconds
IN_PAGE = """async ({ script, jobs }) => {
  const worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  const found = [];
  for (const job of jobs) {
    const began = performance.now();
    const numbers = await new Promise((resolve, reject) => {
      const got = [];
      worker.onerror = (error) => reject(new Error(error.message));
      worker.onmessage = ({ data }) => { if (got.push(Number(data)) === job.pieces) resolve(got); };
      worker.postMessage(job);
    });
    found.push({ numbers, seconds: (performance.now() - began) / 1000 });
  }
  return found;
}"""
IN_NODE = """
const fs = require("fs");
const { script, jobs } = JSON.parse(fs.readFileSync(0, "utf8"));
let work, numbers;
globalThis.self = { addEventListener: (_, handle) => { work = handle; }, postMessage: (n) => numbers.push(Number(n)) };
(0, eval)(script);
console.log(JSON.stringify(jobs.map((job) => {
  numbers = [];
  const began = performance.now();
  work({ data: job });
  return { numbers, seconds: (performance.now() - began) / 1000 };
})));
"""


@dataclass(frozen=True)
class Job:
    prefix: str
    bits: int
    pieces: int


@dataclass(frozen=True)
class Done:
    """The number of each piece, which is one less than the tries that it took."""

    numbers: list[int]
    seconds: float


def in_chromium(jobs: Sequence[Job]) -> list[Done]:
    """Nothing where there is no Chromium, or no playwright."""
    try:
        from playwright.sync_api import sync_playwright

        from learning.demo.screenshots import browser_path
    except ImportError:
        return []
    if not (chromium := browser_path()):
        return []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        told = browser.new_page().evaluate(IN_PAGE, _plan(jobs))
        browser.close()
    return [Done(**one) for one in told]


def in_node(jobs: Sequence[Job]) -> list[Done]:
    """Nothing where there is no Node."""
    if not (node := shutil.which("node")):
        return []
    command = [node, "--eval", IN_NODE]
    ended = subprocess.run(
        command, input=json.dumps(_plan(jobs)), capture_output=True, text=True, check=True, timeout=LONGEST
    )
    return [Done(**one) for one in json.loads(ended.stdout)]


def openssl_per_second() -> float:
    """Digests of one block on one core, with the processor's own instructions where it has them; 0 without OpenSSL."""
    if not (openssl := shutil.which("openssl")):
        return 0.0
    command = [openssl, "speed", "-seconds", "2", "-bytes", "55", "sha256"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LONGEST)
    found = re.search(r"^sha256\s+([\d.]+)k", ended.stdout, re.MULTILINE)
    return float(found[1]) * 1000 / 55 if found else 0.0


def _plan(jobs: Sequence[Job]) -> dict[str, Any]:
    return {"script": SCRIPT.read_text(encoding="utf-8"), "jobs": [asdict(job) for job in jobs]}
