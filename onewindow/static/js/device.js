// The evaluator: pairing, waiting, question, reasons, thanks. Each event is kept on the device before it is sent and is
// forgotten only when the server has acknowledged it, so that a broken line loses no verdict.
"use strict";
(() => {
  const API = "/api/device/v1/";
  const POLL = 3000, BEAT = 60000, THANKS = 5000, QUIET = 30000, PATIENCE = 10000, BATCH = 100;
  const HOME = "zh-hans";
  const body = document.body;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  const kept = (name) => { try { return JSON.parse(localStorage.getItem(`ow-${name}`)); } catch { return null; } };
  const keep = (name, value) => localStorage.setItem(`ow-${name}`, JSON.stringify(value));
  const forget = (name) => localStorage.removeItem(`ow-${name}`);
  const queue = () => kept("queue") || [];
  // randomUUID exists only on https, and halls are often served by a plain address
  const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

  let screen = "start", lang = HOME, level = 0;
  let prompt = null, etag = "", over = "", until = 0, touched = 0, thanked = 0, beaten = -Infinity;

  // -- what is seen --

  function speak(code) {
    lang = code;
    document.documentElement.lang = code === "en" ? "en" : "zh-Hans";
    all("[data-lang]").forEach((part) => { part.hidden = part.dataset.lang !== code; });
    document.querySelector(".ow-brand b").textContent = code === "en" ? body.dataset.cityEn : body.dataset.city;
    fill();
  }

  function show(name) {
    if (name === screen) return;
    screen = name;
    body.dataset.now = name;
    all("[data-screen]", document.getElementById("main")).forEach((part) => { part.hidden = part.dataset.screen !== name; });
    document.querySelector(`[data-lang="${lang}"] [data-screen="${name}"] h1`)?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  const en = (thing, name) => (thing && (thing[`${name}_en`] || thing[name])) || "";
  const word = (thing, name, code) => (code === "en" ? en(thing, name) : (thing && thing[name]) || "");

  function fill() {
    const counter = kept("device")?.counter, pairing = kept("pairing");
    const known = { code: pairing?.user_code || "", check: pairing?.check_number || "" };
    all("[data-fill]").forEach((spot) => {
      const code = spot.closest("[data-lang]")?.dataset.lang || lang;
      const name = spot.dataset.fill;
      spot.textContent = name === "title" ? word(prompt, "title", code)
        : name === "window" ? word(counter, "name", code)
        : name === "hall" ? word(counter, "hall", code)
        : known[name];
    });
    all("[data-touchpoint]").forEach((part) => { part.hidden = !prompt || part.dataset.touchpoint !== prompt.touchpoint; });
  }

  function idle() {
    prompt = null; etag = ""; level = 0;
    show("idle");
    if (lang !== HOME) speak(HOME);
  }

  function ask(asked) {
    prompt = asked;
    until = performance.now() + asked.seconds_left * 1000;
    touched = 0;
    fill();
    show("ask");
    note("shown");
  }

  function why(chosen) {
    level = chosen;
    all("[data-level]").forEach((part) => { part.hidden = Number(part.dataset.level) !== level; });
    all("[data-code]").forEach((chip) => chip.setAttribute("aria-pressed", "false"));
    all("textarea").forEach((text) => { text.value = ""; });
    show("why");
  }

  function done(type, more) {
    over = prompt.id;
    note(type, more);
    if (type === "declined") return idle();
    show("thanks");
    thanked = performance.now();
    prompt = null; etag = "";
  }

  // -- what is said --

  function note(type, more = {}) {
    keep("queue", [...queue(), { id: newId(), type, prompt: prompt.id, at: Date.now(), ...more }]);
    flush();
  }

  let sending = null;
  const flush = () => (sending ||= send().catch(() => offline(true)).finally(() => { sending = null; }));

  async function send() {
    let most = BATCH;
    while (kept("device") && queue().length) {
      const batch = queue().slice(0, most);
      const events = batch.map(({ at, ...event }) => ({ ...event, seconds_ago: Math.max(0, (Date.now() - at) / 1000) }));
      const answer = await call("events", { method: "POST", body: { events } });
      if (answer.status === 422 && most > 1) { most = 1; continue; }
      if (answer.status === 422) { dropped(batch.map((event) => event.id)); continue; } // the server will never take it
      if (answer.status !== 200 && answer.status !== 409) return refused(answer);
      dropped((await answer.json()).acked);
    }
  }

  function dropped(ids) {
    keep("queue", queue().filter((event) => !ids.includes(event.id)));
  }

  async function call(path, { method = "GET", body: sent, auth, headers = {} } = {}) {
    const gone = new AbortController();
    const timer = setTimeout(() => gone.abort(), PATIENCE);
    const proof = auth || (kept("device") ? `Device ${kept("device").secret}` : "");
    try {
      const answer = await fetch(API + path, {
        method, cache: "no-store", credentials: "omit", signal: gone.signal,
        headers: { ...headers, ...(proof && { Authorization: proof }), ...(sent && { "Content-Type": "application/json" }) },
        body: sent && JSON.stringify(sent),
      });
      offline(answer.status >= 500);
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }

  function offline(is) {
    body.toggleAttribute("data-offline", is);
    document.getElementById("offline").hidden = !is;
  }

  async function refused(answer) {
    const { code } = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
    if (code === "device_revoked") forget("device");
    if (code === "device_revoked" || code === "unknown_device") show("stopped");
    if (code === "device_suspended") show("suspended");
  }

  // -- what is heard --

  async function pairing() {
    let offer = kept("pairing");
    if (!offer || offer.until < Date.now()) {
      const answer = await call("pair", { method: "POST", body: { model: navigator.platform.slice(0, 60), app_version: body.dataset.version } });
      if (answer.status !== 201) return;
      offer = await answer.json();
      keep("pairing", { ...offer, until: Date.now() + offer.expires_in * 1000 });
      fill();
      return show("pair");
    }
    fill();
    show("pair");
    const answer = await call("pair/", { auth: `Pairing ${offer.poll_token}` });
    if (answer.status === 410) return forget("pairing");
    if (!answer.ok) return;
    const said = await answer.json();
    if (said.state !== "paired") return;
    keep("device", { secret: said.secret, ...said.device });
    forget("pairing");
    fill();
    idle();
  }

  async function work() {
    await flush();
    if (performance.now() - beaten > BEAT) {
      const answer = await call("heartbeat", { method: "POST", body: { waiting: queue().length } });
      if (!answer.ok) return refused(answer);
      beaten = performance.now();
      const said = await answer.json();
      keep("device", { ...kept("device"), counter: said.counter });
      fill();
      if (said.page_version !== body.dataset.version && screen === "idle") return location.reload();
    }
    const answer = await call("next", { headers: etag ? { "If-None-Match": etag } : {} });
    if (answer.status === 200) {
      const { prompt: asked } = await answer.json();
      if (asked.id === over || busy(asked)) return;
      etag = answer.headers.get("ETag") || "";
      ask(asked);
    } else if (answer.status === 204) {
      if (["start", "ask", "suspended", "stopped", "pair"].includes(screen)) idle();
    } else if (answer.status !== 304) {
      await refused(answer);
    }
  }

  // somebody is still choosing reasons while the window has gone on to the next person
  const busy = (asked) => screen === "thanks" || (screen === "why" && prompt?.id !== asked.id && performance.now() - touched < QUIET);

  async function round() {
    try {
      await (kept("device") ? work() : screen === "stopped" ? null : pairing());
    } catch {
      offline(true);
      if (screen === "start") show(kept("device") ? "idle" : "unreachable");
    }
    setTimeout(round, screen === "stopped" ? BEAT : POLL); // a stranger does not use up the tries of its whole hall
  }

  setInterval(() => {
    const now = performance.now();
    if (screen === "thanks" && now - thanked > THANKS) idle();
    if ((screen === "ask" || screen === "why") && now > until && now - touched > QUIET) {
      over = prompt.id;
      note("expired");
      idle();
    }
  }, 500);

  // -- what is touched --

  document.addEventListener("pointerdown", () => { touched = performance.now(); });
  document.addEventListener("keydown", () => { touched = performance.now(); });
  document.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    if (form.matches("[data-faces]") && prompt) {
      note("touched");
      why(Number(event.submitter.value));
    } else if (form.matches("[data-why]") && prompt) {
      const codes = all(`[data-level="${level}"] [aria-pressed=true]`, form).map((chip) => chip.dataset.code);
      done("answered", { level, codes, text: form.querySelector("textarea").value.slice(0, 500) });
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (!button) return;
    const act = button.dataset.do;
    if (act === "tick") {
      const on = button.getAttribute("aria-pressed") !== "true";
      all(`[data-code="${button.dataset.code}"]`).forEach((chip) => chip.setAttribute("aria-pressed", String(on)));
    }
    if (act === "skip" && prompt) done("declined");
    if (act === "back" && prompt) show("ask");
    if (act === "speak") speak(button.dataset.to);
    if (act === "pair") { forget("device"); forget("pairing"); location.reload(); }
  });

  speak(body.dataset.start === "en" ? "en" : HOME);
  round();
})();
