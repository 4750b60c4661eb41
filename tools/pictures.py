"""Takes the pictures of the README from a running demonstration: tools/pictures.py [--base URL] [--to FOLDER].

It does what a visitor of the demonstration would do: pairs an evaluator, takes a matter in at the counter, follows it on a
phone, opens it at the department, and reports one thing that could not be done. So it leaves one application and one issue
behind. Look at every picture before you commit it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))
from shot import launch, sign_in

PASSWORD = "one-window-demo"  # noqa: S105 – a demonstration has no secrets
DESK, PHONE, TABLET, WALL = (1366, 650), (390, 844), (1024, 600), (1920, 1080)


class Camera:
    """A browser, one signed-in context a person, and the folder for the pictures."""

    def __init__(self, browser: Browser, base: str, to: Path, at: dt.datetime | None = None):
        self.browser, self.base, self.to, self.at = browser, base.rstrip("/"), to, at

    def page(self, size: tuple[int, int], by: str = "") -> Page:
        page = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        ).new_page()
        if self.at:
            page.clock.install(time=self.at)
        if by:
            sign_in(page, self.base, by, PASSWORD)
        return page

    def take(self, page: Page, name: str, full: bool = False) -> None:
        page.wait_for_timeout(400)
        path = self.to / f"{name}.png"
        page.screenshot(path=path, full_page=full)
        Image.open(path).convert("RGB").quantize(240, dither=Image.Dither.NONE).save(path, optimize=True)
        print(f"{name}.png  {page.title()}")


def evaluator(camera: Camera, counter: str) -> Page:
    """A tablet, paired with the clerk's window as the hall manager does it."""
    screen = camera.page(TABLET)
    screen.goto(f"{camera.base}/device/")
    code = screen.locator("[data-fill=code]:visible").inner_text()
    manager = camera.page(DESK, by="manager")
    manager.goto(f"{camera.base}/desk/devices/")
    manager.fill("[name=code]", code)
    manager.select_option("[name=counter]", label=next(o for o in options(manager) if counter in o))
    manager.locator("form:has([name=code]) button").click()
    manager.locator("[name=confirm]").click()
    screen.locator("[data-screen=idle]:visible").wait_for(timeout=90_000)
    return screen


def identity() -> str:
    """A citizen number of the region that does not exist, with a right check character; another one each minute."""
    digits = f"23999919800101{int(time.time()) % 999:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11]


def options(page: Page) -> list[str]:
    return page.locator("[name=counter] option").all_inner_texts()


def take_in(camera: Camera) -> tuple[str, str]:
    """One visit at the counter; returns the number and the query code."""
    page = camera.page(DESK, by="clerk")
    page.goto(f"{camera.base}/desk/counter/")
    page.fill("#item-q", "spjyxk")
    page.press("#item-q", "Enter")
    page.wait_for_selector("#id_m1_0")
    page.fill("#id_id_number", identity())
    page.press("#id_id_number", "Enter")
    page.fill("#id_name", "赵立新")
    page.fill("#id_mobile", "1990000000")
    page.check("#id_m1_0", force=True)
    page.check("#id_m3_0", force=True)
    page.focus("#id_address")
    page.wait_for_selector("#e-mobile .ow-err")
    camera.take(page, "counter")
    page.fill("#id_mobile", "19900000001")
    page.click("#all-paper")
    if page.locator("#id_allow_duplicate").count():
        page.check("#id_allow_duplicate")
    page.keyboard.press("F9")
    page.wait_for_url("**/counter/done/**")
    number, code = page.locator(".cn-done__no").inner_text(), page.locator(".cn-done__code").inner_text()
    page.goto(page.url)
    notice = page.locator("a[href*='/papers/']:not([href$='.pdf'])").first.get_attribute("href")
    page.set_viewport_size({"width": 900, "height": 1150})
    page.goto(f"{camera.base}{notice}")
    camera.take(page, "notice")
    return number, code


def putting_right(camera: Camera) -> None:
    """The queue, a report of what could not be done with the page that follows it, the bureau's issues, and a walk done twice."""
    display = camera.page((1366, 768))
    display.goto(f"{camera.base}/hall/H01/board/")
    camera.take(display, "display")

    phone = camera.page(PHONE)
    phone.goto(f"{camera.base}/stuck/")
    phone.fill("[name=text]", "去了两趟都说系统打不开，让我等通知，没有人告诉我等到哪一天。")
    phone.locator("main form:has([name=text]) button").last.click()
    phone.wait_for_url("**/i/**")
    camera.take(phone, "follow")

    bureau = camera.page((1366, 768), by="bureau")
    bureau.goto(f"{camera.base}/desk/issues/?show=board")
    camera.take(bureau, "issues")
    bureau.goto(f"{camera.base}/desk/issues/figures/")
    camera.take(bureau, "causes")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--base", default="http://localhost:8000")
    parser.add_argument("--to", type=Path, default=Path("docs/images"))
    parser.add_argument("--counter", default="01", help="part of the name of the clerk's window")
    parser.add_argument(
        "--at",
        type=dt.datetime.fromisoformat,
        help="what the browser's clock says, for a server of another day",
    )
    args = parser.parse_args()
    args.to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        camera = Camera(launch(playwright), args.base, args.to, args.at)
        device = evaluator(camera, args.counter)
        number, code = take_in(camera)
        device.locator("[data-screen=ask]:visible").wait_for(timeout=120_000)
        camera.take(device, "device")

        phone = camera.page(PHONE)
        phone.goto(f"{camera.base}/track/")
        phone.fill("[name=number]", number)
        phone.fill("[name=code]", code)
        phone.locator("main form button").click()
        phone.wait_for_url("**/t/**")
        camera.take(phone, "track", full=True)
        phone.goto(f"{phone.url.split('?')[0]}?elder=1")
        camera.take(phone, "track-elder")
        phone.goto(f"{camera.base}/?elder=0")
        camera.take(phone, "home")

        guide = camera.page((1366, 900))
        guide.goto(f"{camera.base}/items/ZD-MSA-001")
        camera.take(guide, "guide")

        approver = camera.page((1366, 768), by="approver")
        approver.goto(f"{camera.base}/desk/")
        camera.take(approver, "desk")
        approver.goto(f"{camera.base}/desk/{number.replace('-', '')}/")
        camera.take(approver, "case")

        leader = camera.page((1366, 768), by="leader")
        leader.goto(f"{camera.base}/board/")
        camera.take(leader, "board")
        leader.set_viewport_size({"width": WALL[0], "height": WALL[1]})
        leader.goto(f"{camera.base}/board/screen/")
        camera.take(leader, "screen")

        bureau = camera.page((1366, 768), by="bureau")
        bureau.goto(f"{camera.base}/desk/reviews/")
        camera.take(bureau, "reviews")
        putting_right(camera)


if __name__ == "__main__":
    main()
