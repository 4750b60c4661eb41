// The wall screen: every 30 seconds the page is read anew. If that fails the old figures stay, and the screen says so.
"use strict";
(() => {
  const parts = ["main", "board-as-of", "board-foot"];
  const stale = () => {
    const line = document.getElementById("board-as-of");
    line.textContent = line.dataset.stale;
    line.classList.add("ow-down");
  };
  const renew = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { redirect: "error", cache: "no-store" });
      if (!answer.ok) return stale();
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!parts.every((id) => fresh.getElementById(id))) return stale();
      const focused = document.activeElement && document.activeElement.href;
      for (const id of parts) document.getElementById(id).replaceWith(fresh.getElementById(id));
      if (focused) [...document.links].find((a) => a.href === focused)?.focus();
    } catch { stale(); }
  };
  setInterval(renew, 30000);
  addEventListener("visibilitychange", renew);
})();
