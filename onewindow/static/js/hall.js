// data-print-now, data-back   a ticket machine prints the ticket and goes back by itself
// data-afresh="60"           a ticket machine that nobody has touched for so many seconds begins anew, in the first language: the
//                            next person finds neither somebody's ticks nor waits of an hour ago
// data-live                  this part of a page comes anew by itself (htmx), but not while somebody works in it
// data-speaks, data-say       a display speaks each call once, where the machine has a voice
// data-stale-band             a display keeps its last good data when the line is broken, and says since when it is old
"use strict";
(() => {
  addEventListener("DOMContentLoaded", () => {
    const slip = document.querySelector("[data-back]");
    if (!slip) return;
    if (slip.matches("[data-print-now]")) print();
    setTimeout(() => { location.href = slip.dataset.back; }, 12000);
  });

  addEventListener("DOMContentLoaded", () => {
    const machine = document.querySelector("[data-afresh]");
    if (!machine) return;
    let touched = Date.now();
    for (const kind of ["pointerdown", "keydown", "input"]) addEventListener(kind, () => { touched = Date.now(); }, true);
    setInterval(async () => {
      if (Date.now() - touched < machine.dataset.afresh * 1000) return;
      touched = Date.now();
      const clean = `${location.pathname}?lang=zh-hans`;
      try { if ((await fetch(clean)).status < 500) location.replace(clean); } catch { /* no line: the page stays as it is */ }
    }, 1000);
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const live = event.target.closest?.("[data-live]");
    const works = (part) => part && (part.querySelector("details[open]") || part.contains(document.activeElement));
    if (live && (works(live) || live.dataset.live.split(" ").some((id) => works(document.getElementById(id))))) event.preventDefault();
  });

  const STALE = 15000;
  addEventListener("DOMContentLoaded", () => {
    const band = document.querySelector("[data-stale-band]");
    if (!band) return;
    let good = Date.now();
    document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) good = Date.now(); });
    setInterval(() => {
      const stale = Date.now() - good > STALE;
      document.body.toggleAttribute("data-stale", stale);
      band.hidden = !stale;
      if (stale) band.querySelector("time").textContent = new Date(good).toTimeString().slice(0, 5);
    }, 1000);
  });

  let said = "";
  const speak = () => {
    const call = document.querySelector("[data-speaks] [data-say]");
    if (!call || call.dataset.say === said || !window.speechSynthesis) return;
    said = call.dataset.say;
    for (const [words, lang] of [[call.dataset.zh, "zh-CN"], [call.dataset.en, "en-GB"]]) {
      const voice = new SpeechSynthesisUtterance(words);
      voice.lang = lang;
      speechSynthesis.speak(voice);
    }
  };
  addEventListener("DOMContentLoaded", speak);
  document.addEventListener("htmx:afterSettle", speak);
})();
