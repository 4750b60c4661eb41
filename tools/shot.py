"""Takes a picture of a page of a running server: tools/shot.py URL OUT.png [--width 1366 --height 650 ...].

URL may be only a path (`/desk/`): then it is looked for at http://127.0.0.1:8000. What the page writes to
the console as an error, breaches of the content security policy and a status of 400 or more are printed;
exit code 1 if there was any.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright

FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def chromium_path() -> str | None:
    """Where Chromium or Chrome is on this machine, None if nowhere. The variable CHROMIUM wins."""
    wished = os.environ.get("CHROMIUM")
    names = [wished] if wished else ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    return next((found for name in names if (found := shutil.which(name))), None)


def launch(playwright: Playwright) -> Browser:
    """Starts the machine's Chromium, headless. Root may not use its sandbox, so that is off for root only."""
    path = chromium_path()
    if path is None:
        sys.exit("no Chromium on this machine (Debian: apt-get install chromium)")
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=path, args=FLAGS + as_root)


def sign_in(page: Page, base: str, name: str, password: str) -> None:
    """Signs in through the form, as a person would."""
    page.goto(f"{base}/accounts/login/")
    page.fill("[name=login]", name)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_load_state()
    if "/accounts/login" in page.url:
        sys.exit(f"could not sign in as {name}")


def console_error(message: ConsoleMessage) -> list[str]:
    """The message if it is an error; a site without an icon of its own is none."""
    bad = message.type == "error" and "favicon" not in message.location.get("url", "")
    return [f"console: {message.text}"] if bad else []


def with_query(url: str, **more: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *more.items()])))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("out", type=Path)
    parser.add_argument("--width", type=int, default=1366)
    parser.add_argument("--height", type=int, default=650)
    parser.add_argument("--full", action="store_true", help="the whole page, not only what the screen shows")
    parser.add_argument("--lang", help="zh-hans or en")
    parser.add_argument("--elder", action="store_true", help="the elder view")
    parser.add_argument("--dark", action="store_true", help="prefers-color-scheme: dark")
    parser.add_argument("--print", action="store_true", dest="paper", help="as printed")
    parser.add_argument("--no-js", action="store_true", help="without JavaScript")
    parser.add_argument("--login", metavar="USER:PASSWORD")
    parser.add_argument(
        "--click", action="append", default=[], metavar="SELECTOR", help="click before the shot"
    )
    parser.add_argument("--wait", type=int, default=0, metavar="MS", help="wait before the shot")
    args = parser.parse_args()

    url = f"http://127.0.0.1:8000{args.url}" if args.url.startswith("/") else args.url
    if args.lang:
        url = with_query(url, lang=args.lang)
    if args.elder:
        url = with_query(url, elder="1")
    parts = urlsplit(url)
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(
            viewport={"width": args.width, "height": args.height},
            locale="en-GB" if (args.lang or "").startswith("en") else "zh-CN",
            timezone_id="Asia/Shanghai",
            color_scheme="dark" if args.dark else "light",
            java_script_enabled=not args.no_js,
        )
        if args.login:
            sign_in(page, f"{parts.scheme}://{parts.netloc}", *args.login.split(":", 1))
        page.on("console", lambda message: problems.extend(console_error(message)))
        page.on("pageerror", lambda e: problems.append(f"script: {e}"))
        answer = page.goto(url)
        if answer and answer.status >= 400:
            problems.append(f"status {answer.status}")
        if args.paper:
            page.emulate_media(media="print")
        for selector in args.click:
            page.click(selector)
        page.wait_for_timeout(args.wait)
        overflow = 0 if args.no_js else page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if overflow > 0:
            problems.append(f"page is {overflow} px wider than the screen")
        args.out.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=args.out, full_page=args.full)
        print(f"{args.out}: {page.title()!r} {page.url}")
        browser.close()
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
