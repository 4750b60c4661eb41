// What every page may use; each part only adds to a page that works without it.
// data-hotkey="F9"      the key presses the button or focuses the field; one-character keys only outside fields
// data-enter-next       in this form Enter goes to the next field (work on the number pad)
// data-auto-submit      a filter form is sent when a select or a date changes
// data-guard            asks before leaving a form with unsent changes
// data-print            prints the page
// data-focus            gets the focus when the page opens (error summary)
"use strict";
(() => {
  const SINGLE = "ow-single-keys";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const visible = (el) => el.checkVisibility ? el.checkVisibility() : el.offsetParent !== null || getComputedStyle(el).position === "fixed"; // what a closed <details> holds is not
  const typing = (el) => el.closest && el.closest("input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable]");
  const store = { get: () => { try { return localStorage.getItem(SINGLE); } catch { return null; } },
                  set: (v) => { try { localStorage.setItem(SINGLE, v); } catch { /* private window */ } } };
  const singleKeys = () => store.get() !== "off";

  // keys
  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.altKey || e.metaKey || e.isComposing || e.defaultPrevented) return;
    if (e.key === "Escape") return closeFloating();
    if (e.key.length === 1 && (typing(e.target) || !singleKeys())) return;
    if (e.key === "?") { e.preventDefault(); return toggleKeys(); }
    const el = all(`[data-hotkey="${CSS.escape(e.key)}"]`).find((x) => visible(x) && !x.disabled && x.getAttribute("aria-disabled") !== "true");
    if (!el) return;
    e.preventDefault();
    if (el.matches("input, select, textarea")) { el.focus(); if (el.select) el.select(); } else el.click();
  });
  addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || e.defaultPrevented || e.isComposing) return;
    const form = e.target.closest && e.target.closest("[data-enter-next]");
    if (!form || !e.target.matches("input:not([type=submit]):not([type=button]):not([type=file]), select")) return;
    e.preventDefault();
    const fields = all("input:not([type=hidden]):not([readonly]):not(:disabled), select:not(:disabled), textarea:not(:disabled), button.ow-btn:not(:disabled)", form)
      .filter((x) => visible(x) && (x.type !== "radio" || x.checked || x === e.target || !all(`input[name="${CSS.escape(x.name)}"]:checked`, form).length));
    const next = fields[fields.indexOf(e.target) + 1];
    if (next) { next.focus(); if (next.select) next.select(); }
  });

  // list of the keys of this page, made from the page
  const keyRows = () => all("[data-hotkey]").filter(visible).map((el) => {
    const label = el.matches("input, select, textarea") ? (el.labels && el.labels[0] ? el.labels[0] : el) : el;
    const copy = label.cloneNode(true);
    all("kbd, svg, .ow-req", copy).forEach((x) => x.remove());
    return [el.dataset.hotkey, (el.dataset.hotkeyName || copy.textContent || el.getAttribute("aria-label") || "").trim()];
  });
  function toggleKeys() {
    const open = document.querySelector(".ow-keys");
    if (open) return open.remove();
    const model = document.getElementById("ow-keys");
    if (!model) return;
    const box = model.content.firstElementChild.cloneNode(true);
    if (!document.querySelector("[data-enter-next]")) all("[data-if-enter]", box).forEach((x) => x.remove());
    for (const [key, words] of keyRows()) {
      const dt = document.createElement("dt"), k = document.createElement("kbd"), dd = document.createElement("dd");
      k.textContent = key; dt.append(k); dd.textContent = words; box.querySelector("dl").append(dt, dd);
    }
    document.body.append(box);
    box.focus();
  }
  function closeFloating() {
    const keys = document.querySelector(".ow-keys");
    if (keys) keys.remove();
    all("details[data-menu][open], details.ow-confirm[open]").forEach((d) => {
      d.open = false;
      if (d.contains(document.activeElement)) d.querySelector("summary").focus();
    });
  }
  addEventListener("click", (e) => {
    all("details[data-menu][open], details.ow-confirm--pop[open]").forEach((d) => { if (!d.contains(e.target)) d.open = false; });
    const t = e.target.closest && e.target.closest("[data-print], [data-keys-close], [data-keys-open], [data-keys-toggle], [data-close]");
    if (!t) return;
    if (t.matches("[data-print]")) print();
    if (t.matches("[data-keys-close]")) closeFloating();
    if (t.matches("[data-keys-open]")) { closeFloating(); toggleKeys(); }
    if (t.matches("[data-keys-toggle]")) { store.set(singleKeys() ? "off" : "on"); showSingleKeys(); }
    if (t.matches("[data-close]")) { const d = t.closest("details"); if (d) { d.open = false; d.querySelector("summary").focus(); } }
  });
  // a menu that opens by a key gets the focus where one goes on
  document.addEventListener("toggle", (e) => {
    const d = e.target;
    if (!d.matches || !d.matches("details[data-menu][open]")) return;
    const first = d.querySelector("[data-first]");
    if (first) first.focus();
  }, true);
  const showSingleKeys = () => all("[data-keys-toggle]").forEach((b) => {
    const on = singleKeys();
    b.setAttribute("aria-pressed", String(on));
    all("[data-on]", b).forEach((x) => { x.hidden = !on; });
    all("[data-off]", b).forEach((x) => { x.hidden = on; });
  });

  // forms
  addEventListener("change", (e) => {
    const form = e.target.closest && e.target.closest("[data-auto-submit]");
    if (form && e.target.matches("select, input[type=date], input[type=checkbox], input[type=radio]")) form.requestSubmit();
  });
  addEventListener("submit", (e) => {
    const form = e.target;
    if (e.defaultPrevented) return;
    form.dataset.sent = "1";
    // empty filters stay out of the address; enabled again for the way back
    if (form.matches("[data-auto-submit]")) {
      const empty = all("input[name], select[name]", form).filter((x) => !x.value && !x.disabled);
      empty.forEach((x) => { x.disabled = true; });
      setTimeout(() => empty.forEach((x) => { x.disabled = false; }));
    }
  });
  addEventListener("input", (e) => {
    const form = e.target.closest && e.target.closest("[data-guard]");
    if (form) { form.dataset.changed = "1"; delete form.dataset.sent; }
  });
  addEventListener("beforeunload", (e) => {
    if (all("[data-guard][data-changed]").some((f) => !f.dataset.sent)) { e.preventDefault(); e.returnValue = ""; }
  });
  addEventListener("pageshow", () => all("form[data-sent]").forEach((f) => delete f.dataset.sent));

  // clock and day of a board, in Shanghai: the server's (data-now: its seconds, renewed with the page's parts), for the machine
  // below the ceiling is often wrong and shows the page for weeks
  let heard = "", ahead = 0;
  const shown = (options, at) => new Intl.DateTimeFormat("sv-SE", { ...options, timeZone: "Asia/Shanghai" }).format(at);
  const tick = () => {
    const now = document.querySelector("[data-now]")?.dataset.now || "";
    if (now && now !== heard) { heard = now; ahead = Number(now) * 1000 - Date.now(); }
    const at = new Date(Date.now() + ahead);
    all("[data-clock]").forEach((x) => { x.textContent = shown({ hour: "2-digit", minute: "2-digit" }, at); });
    all("[data-day]").forEach((x) => { x.textContent = shown({ year: "numeric", month: "2-digit", day: "2-digit" }, at); });
  };

  addEventListener("DOMContentLoaded", () => {
    all("[data-print][hidden], [data-keys-open][hidden], [data-keys-toggle][hidden]").forEach((x) => { x.hidden = false; });
    showSingleKeys();
    const first = document.querySelector("[data-focus]");
    if (first) first.focus();
    if (document.querySelector("[data-clock]")) { tick(); setInterval(tick, 5000); }
  });
})();
