"""`make bench`: every figure on SQLite and, where a server is installed, on PostgreSQL; prints ratios, never passes or fails.

python -m bench [--quick] [--sizes 10000,100000] [--rounds 40] [--engine sqlite|postgres] [--only life,http,reviews,issues]
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: what ``--quick`` takes in place of the defaults: ratios of every part, at sizes that a run of minutes can fill
QUICK = {"sizes": "10000", "rounds": "12", "licences": "100000", "reviews": "100000", "issues": "1000"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--sizes", default="10000,100000", help="applications of history (10000,100000)")
    parser.add_argument("--rounds", default="40", help="measured rounds a figure, interleaved (40)")
    parser.add_argument(
        "--only", default="", help="parts: life,http,pages,bundle,batch,register,hall,reviews,issues (all)"
    )
    parser.add_argument("--licences", default="1000000", help="licences in the register (1000000)")
    parser.add_argument("--reviews", default="1000000", help="reviews, held against 10000 (1000000)")
    parser.add_argument(
        "--issues",
        default="10000",
        help="open issues that escalate at once (10000)",
    )
    parser.add_argument("--engine", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="every part on one smaller size, for a look of a few minutes; a size given besides goes before",
    )
    if "--quick" in sys.argv:
        parser.set_defaults(**QUICK)
    options = parser.parse_args()
    load = ", ".join(f"{x:.2f}" for x in os.getloadavg())
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load}", flush=True)
    for engine in ("sqlite", "postgres") if options.engine == "both" else (options.engine,):
        with tempfile.TemporaryDirectory(prefix="onewindow-bench-") as home:
            environment = os.environ | {
                "ONEWINDOW_DEMO": "1",
                "ONEWINDOW_DATA_DIR": home,
                "ONEWINDOW_LOG_LEVEL": "ERROR",
                "DJANGO_SETTINGS_MODULE": "onewindow.config.settings",
            }
            environment.pop("DATABASE_URL", None)
            run = [sys.executable, "-m", "bench.run", "--sizes", options.sizes, "--rounds", options.rounds]
            run += ["--licences", options.licences, "--reviews", options.reviews]
            run += ["--issues", options.issues]
            run += [*(["--only", options.only] if options.only else [])]
            if engine == "postgres":
                run = [sys.executable, str(ROOT / "tools/pg.py"), "--durable", *run]
            subprocess.run(run, env=environment, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
