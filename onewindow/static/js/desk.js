// The list of the desk: on a phone the filters begin closed. By keyboard: j/k go from line to line, x ticks, Enter opens;
// without this script: Tab, space, links.
"use strict";
if (matchMedia("(max-width: 760px)").matches) document.querySelectorAll("[data-phone-closed]").forEach((d) => { d.open = false; });
(() => {
  const table = document.querySelector("[data-rows]");
  if (!table) return;
  const rows = [...table.querySelectorAll("tbody tr")];
  const box = (row) => row.querySelector("input[type=checkbox]");
  const all = document.querySelector("[data-pick-all]");
  const picked = document.querySelector("[data-picked]");
  const count = () => {
    const n = rows.filter((r) => box(r).checked).length;
    if (picked) { picked.hidden = !n; picked.textContent = n ? `✓ ${n}` : ""; }
    if (all) { all.checked = n === rows.length; all.indeterminate = n > 0 && n < rows.length; }
    rows.forEach((r) => r.classList.toggle("is-picked", box(r).checked));
    if (picked) picked.closest("form").classList.toggle("is-idle", !n);
  };
  if (all) {
    all.hidden = false;
    all.addEventListener("change", () => { rows.forEach((r) => { box(r).checked = all.checked; }); count(); });
  }
  table.addEventListener("change", count);
  addEventListener("pageshow", count);
  const hint = document.querySelector("[data-keys-hint]");
  if (hint) hint.hidden = false;

  let here = -1;
  const off = () => { try { return localStorage.getItem("ow-single-keys") === "off"; } catch { return false; } };
  const go = (n) => {
    here = Math.max(0, Math.min(rows.length - 1, n));
    const link = rows[here].querySelector(".ow-todo__a");
    link.focus();
    rows[here].scrollIntoView({ block: "nearest" });
  };
  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.altKey || e.metaKey || e.isComposing || e.defaultPrevented || off()) return;
    if (e.target.closest && e.target.closest("input:not([type=checkbox]), textarea, select")) return;
    const at = rows.findIndex((r) => r.contains(document.activeElement));
    if (at >= 0) here = at;
    if (e.key === "j") { e.preventDefault(); go(here + 1); }
    if (e.key === "k") { e.preventDefault(); go(here - 1); }
    if (e.key === "x" && here >= 0) { e.preventDefault(); box(rows[here]).checked = !box(rows[here]).checked; count(); }
  });
})();
