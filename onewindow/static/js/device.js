// The evaluator: pairing, waiting, question, reasons, thanks. What is written down and sent is the business of odp.js.
// The other kinds begin here too (data-kind): a feedback stand stays and asks by itself; a display or a ticket machine is paired
// here and led on to its page of the hall, where hall-device.js goes on with its heartbeat.
"use strict";
(() => {
  const POLL = 3000, WAIT = 25, THANKS = 5000, QUIET = 30000, UNASKED = 120;
  const HOME = "zh-hans";
  const body = document.body;
  const KIND = body.dataset.kind, PAGE = (kind) => (kind === "evaluator" ? "/device/" : `/device/${kind}/`);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  let order = "", policy = "";
  let screen = "start", lang = HOME, level = 0;
  let prompt = null, etag = "", over = "", until = 0, touched = 0, thanked = 0, beaten = -Infinity, pause = 60000, slip = "";

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
    const counter = odp.known.device?.counter, hall = odp.known.device?.hall, pairing = odp.known.pairing;
    const known = { code: pairing?.user_code || "", check: pairing?.check_number || "" };
    all("[data-fill]").forEach((spot) => {
      const code = spot.closest("[data-lang]")?.dataset.lang || lang;
      const name = spot.dataset.fill;
      spot.textContent = name === "title" ? word(prompt, "title", code)
        : name === "window" ? word(counter, "name", code)
        : name === "hall" ? word(counter, "hall", code) || word(hall, "name", code)
        : known[name];
    });
    all("[data-touchpoint]").forEach((part) => { part.hidden = !prompt || part.dataset.touchpoint !== prompt.touchpoint; });
    all("[data-unasked]").forEach((part) => { part.hidden = !prompt || Boolean(prompt.id); });
  }

  function idle() {
    prompt = null; etag = ""; level = 0;
    if (lang !== HOME) speak(HOME);
    policy ||= odp.known.device?.order || "";
    // a stand asks from its first heartbeat on, which says in which order; later also when the line is broken
    if (KIND !== "feedback" || !odp.known.device || !(policy || beaten > 0)) return show("idle");
    ask({ id: null, touchpoint: "hall", title: "", seconds_left: Infinity });
  }

  function ask(asked) {
    prompt = asked;
    until = performance.now() + asked.seconds_left * 1000;
    touched = 0;
    order = asked.order || drawn();
    arrange();
    fill();
    show("ask");
    note("shown");
  }

  // the faces from the best to the worst or the other way round, as the question says (C10); in the page too, so that the
  // keyboard and a reader go the way of the eye
  const drawn = () => (policy === "drawn" ? (Math.random() < 0.5 ? "high_first" : "low_first") : policy);
  function arrange() {
    all("[data-faces] .ow-faces").forEach((row) => {
      const faces = [...row.children].sort((a, b) => b.dataset.score - a.dataset.score);
      row.append(...(order === "low_first" ? faces.reverse() : faces));
    });
  }

  function why(chosen) {
    level = chosen;
    all("[data-level]").forEach((part) => { part.hidden = Number(part.dataset.level) !== level; });
    all("[data-code]").forEach((chip) => chip.setAttribute("aria-pressed", "false"));
    all("textarea, [data-ticket]").forEach((text) => { text.value = ""; });
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

  // nobody asked (the line is broken): only the verdict itself is written down, for the window
  async function note(type, more) {
    if (!prompt.id && type !== "answered") return;
    await odp.note(type, prompt.id, more);
    flush();
  }

  let sending = null;
  const flush = () => (sending ||= send().catch(() => offline(true)).finally(() => { sending = null; }));

  async function send() {
    const answer = await odp.flush();
    if (answer) await heard(answer);
  }

  function offline(is) {
    body.toggleAttribute("data-offline", is);
    document.getElementById("offline").hidden = !is;
    all("[data-offline-only]").forEach((part) => { part.hidden = !is; });
  }

  async function heard(answer) {
    offline(answer.status >= 500);
    if (![401, 403].includes(answer.status)) return;
    const { code, wipe } = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
    if (wipe) await odp.wipe();
    if (["device_revoked", "device_retired", "unknown_device"].includes(code)) show("stopped");
    if (code === "device_suspended") show("suspended");
  }

  // -- what is heard --

  const introduced = async () => ({ kind: KIND, model: navigator.platform.slice(0, 60), app_version: body.dataset.version, pubkey: await odp.publicKey() });

  async function paired(said) {
    await odp.keep("device", { secret: said.secret, ...said.device });
    await odp.forget("pairing");
    await odp.note("boot", null);
    fill();
    idle();
  }

  async function pairing() {
    if (slip) {
      const answer = await odp.call("enrol", { method: "POST", said: { token: slip, ...(await introduced()) } });
      slip = answer.status >= 500 ? slip : "";
      if (answer.status === 201) return paired(await answer.json());
    }
    let offer = odp.known.pairing;
    if (!offer || offer.until < Date.now()) {
      const answer = await odp.call("pair", { method: "POST", said: await introduced() });
      offline(answer.status >= 500);
      if (answer.status !== 201) return;
      offer = await answer.json();
      await odp.keep("pairing", { ...offer, until: Date.now() + offer.expires_in * 1000 });
      fill();
      return show("pair");
    }
    fill();
    show("pair");
    const answer = await odp.call("pair/", { auth: `Pairing ${offer.poll_token}` });
    offline(answer.status >= 500);
    if (answer.status === 410) return odp.forget("pairing");
    if (!answer.ok) return;
    const said = await answer.json();
    if (said.state === "paired") await paired(said);
  }

  async function work() {
    await flush();
    if (performance.now() - beaten > pause) {
      const touch = touched ? { touched_wall: Math.round(Date.now() - performance.now() + touched) } : {};
      const { answer, told, limited } = await odp.heartbeat({ app_version: body.dataset.version, ...touch });
      if (!told) return heard(answer);
      beaten = performance.now();
      pause = told.interval * 1000;
      policy = told.policy.order || "";
      document.getElementById("limited").hidden = !limited;
      const { kind, hall, counter } = told;
      await odp.keep("device", { ...odp.known.device, kind, hall, counter, order: policy });
      fill();
      // asked to leave: it takes nothing more, sends what it has, and says so; the answer is that it is retired
      if (told.retire && screen !== "why") {
        show("suspended");
        await flush();
        return heard((await odp.heartbeat({ leaving: true })).answer);
      }
      if (KIND === "signage" || KIND === "kiosk") return lead();
      if (told.page_version !== body.dataset.version && screen === "idle") return location.reload();
    }
    if (KIND === "feedback") {
      if (["start", "suspended", "stopped", "pair", "idle"].includes(screen)) idle();
      return;
    }
    const answer = await odp.call(`next?wait=${WAIT}`, { headers: etag ? { "If-None-Match": etag } : {}, patience: (WAIT + 10) * 1000 });
    offline(answer.status >= 500);
    if (answer.status === 200) {
      const { prompt: asked } = await answer.json();
      if (asked.id === over || busy(asked)) return;
      etag = answer.headers.get("ETag") || "";
      ask(asked);
    } else if (answer.status === 204) {
      if (["start", "suspended", "stopped", "pair"].includes(screen) || (screen === "ask" && prompt?.id)) idle();
    } else if (answer.status !== 304) {
      await heard(answer);
    }
  }

  // to the page that this device is for; a ticket machine gets its mark first
  async function lead() {
    const { hall, secret } = odp.known.device;
    if (KIND === "signage") return location.replace(`/hall/${encodeURIComponent(hall.code)}/board/`);
    const answer = await fetch("/device/kiosk/open", { method: "POST", cache: "no-store", headers: { Authorization: `Device ${secret}` } });
    if (!answer.ok) return heard(answer);
    location.replace((await answer.json()).next);
  }

  // somebody is still choosing reasons while the window has gone on to the next person
  const busy = (asked) => screen === "thanks" || (screen === "why" && prompt?.id !== asked.id && performance.now() - touched < QUIET);

  async function round() {
    const began = performance.now();
    try {
      await (odp.known.device ? work() : screen === "stopped" ? null : pairing());
    } catch {
      offline(true);
      if (screen === "start") show(odp.known.device ? "idle" : "unreachable");
    }
    // a poll that was held needs no pause; a stranger does not use up the tries of its whole hall
    const rest = screen === "stopped" ? pause : Math.max(0, POLL * (0.8 + 0.4 * Math.random()) - (performance.now() - began));
    setTimeout(round, rest);
  }

  setInterval(() => {
    const now = performance.now();
    if (screen === "thanks" && now - thanked > THANKS) idle();
    if (KIND === "feedback" && screen === "why" && now - touched > QUIET) idle();
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
      const ticket = (form.querySelector("[data-ticket]")?.value || "").trim().slice(0, 20);
      const text = form.querySelector("textarea").value.slice(0, 500);
      done("answered", { score: level, tags: codes, text, ...(order && { order }), ...(ticket && !prompt.id && { ticket }) });
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
    if (act === "rate") ask({ id: null, touchpoint: "delivered", title: "", seconds_left: UNASKED });
    if (act === "pair") odp.wipe().then(() => location.reload());
  });

  // a printed slip: its code stands behind the #, which no server and no log ever sees
  const found = /^#enrol=([0-9a-f]{32})$/.exec(location.hash);
  if (found) { slip = found[1]; history.replaceState(null, "", location.pathname + location.search); }

  speak(body.dataset.start === "en" ? "en" : HOME);
  odp.open().then(async () => {
    const { device } = odp.known;
    if (device && (device.kind || "evaluator") !== KIND) return location.replace(PAGE(device.kind || "evaluator"));
    if (device) { slip = ""; await odp.note("boot", null); }
    fill();
    round();
  }).catch(() => show("broken"));
})();
