"""Puts the third-party files that the pages and papers use from node_modules into their places (none is committed).

onewindow/static/vendor/  scripts, and the Lucide icons that `{% icon %}` writes into the page
onewindow/fonts/          the font of official papers: not below static, because no page loads it

axe-core, which only tests use, stays in node_modules.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "onewindow/static/vendor"
FONTS = ROOT / "onewindow/fonts"

SCRIPTS = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "auto-complete-element.js": "@github/auto-complete-element/dist/bundle.js",
    "echarts.min.js": "echarts/dist/echarts.min.js",
}
ICONS = "lucide-static/icons"
TYPEFACES = [
    "@expo-google-fonts/noto-serif-sc/400Regular/NotoSerifSC_400Regular.ttf",
    "@expo-google-fonts/noto-serif-sc/700Bold/NotoSerifSC_700Bold.ttf",
]
LICENSES = ["LICENSE", "LICENSE.md", "LICENSE.txt", "LICENSE_FONT"]


def fresh(folder: Path) -> Path:
    """The folder, empty: what an older version left there must not stay."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def place(source: Path, target: Path) -> None:
    """A hard link if source and target are on one disk (a font has 15 MB), else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def main() -> int:
    packages = {re.match(r"(@[^/]+/)?[^/]+", path)[0] for path in [*SCRIPTS.values(), *TYPEFACES, ICONS]}  # type: ignore[index]
    if missing := sorted(p for p in packages if not (MODULES / p).is_dir()):
        print(f"not in node_modules: {', '.join(missing)}. Run: npm ci", file=sys.stderr)
        return 1
    fresh(VENDOR)
    for name, path in SCRIPTS.items():
        # Without the pointer to a source map, which the hashed static storage would look for in vain.
        text = (MODULES / path).read_text(encoding="utf-8")
        (VENDOR / name).write_text(re.sub(r"(?m)^//# sourceMappingURL=.*$", "", text), encoding="utf-8")
    shutil.copytree(MODULES / ICONS, VENDOR / "lucide")
    fresh(FONTS)
    for path in TYPEFACES:
        place(MODULES / path, FONTS / Path(path).name)
    for package in sorted(packages):
        for name in LICENSES:
            if (source := MODULES / package / name).exists():
                shutil.copyfile(
                    source, VENDOR / f"{package.lstrip('@').replace('/', '-')}.{Path(name).stem}.txt"
                )
    print(
        f"collected {len(SCRIPTS)} scripts, {len(list((VENDOR / 'lucide').iterdir()))} icons, {len(TYPEFACES)} fonts"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
