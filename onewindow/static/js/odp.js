// ODP/1 on the device (docs/reference/device-protocol.md): each event is written to IndexedDB before it is sent, hashed to the
// one before it, and forgotten only when the server has acknowledged everything up to it. Clauses are cited as C1 ….
"use strict";
const odp = (() => {
  const API = "/api/device/v1/", ZERO = "0".repeat(64), BATCH = 100, PATIENCE = 10000;
  const utf8 = new TextEncoder();
  const hex = (bytes) => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
  const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  // randomUUID and crypto.subtle exist only on https, and halls are often served by a plain address
  const newId = () => hex(crypto.getRandomValues(new Uint8Array(16)));

  // -- SHA-256 (FIPS 180-4), here because an IndexedDB transaction does not outlive a promise of crypto.subtle --

  const K = [], H0 = [];
  for (let n = 2; K.length < 64; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n; d += 1) if (n % d === 0) prime = false;
    if (!prime) continue;
    const part = (x) => ((x - Math.floor(x)) * 4294967296) | 0;
    if (H0.length < 8) H0.push(part(Math.sqrt(n)));
    K.push(part(Math.cbrt(n)));
  }
  function sha256(text) {
    const message = utf8.encode(text), length = message.length;
    const padded = new Uint8Array(((length + 8 >> 6) + 1) * 64);
    padded.set(message);
    padded[length] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 8, Math.floor(length / 536870912));
    view.setUint32(padded.length - 4, (length << 3) >>> 0);
    const state = H0.slice(), w = new Int32Array(64);
    const turn = (x, n) => (x >>> n) | (x << (32 - n));
    for (let at = 0; at < padded.length; at += 64) {
      for (let i = 0; i < 16; i += 1) w[i] = view.getInt32(at + 4 * i);
      for (let i = 16; i < 64; i += 1) {
        const x = w[i - 15], y = w[i - 2];
        w[i] = w[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + w[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
      }
      let [a, b, c, d, e, f, g, h] = state;
      for (let i = 0; i < 64; i += 1) {
        const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
        const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
      }
      [a, b, c, d, e, f, g, h].forEach((x, i) => { state[i] = (state[i] + x) | 0; });
    }
    return state.map((x) => (x >>> 0).toString(16).padStart(8, "0")).join("");
  }

  // -- canonical form and hash (C5) --

  function canonical(value) {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    return `{${Object.keys(value).sort().map((k) => `${JSON.stringify(k)}:${canonical(value[k])}`).join(",")}}`;
  }
  function fingerprint({ prev_hash, hash, text, ...said }) {
    return sha256(prev_hash + canonical(text ? { ...said, text_hash: sha256(text) } : said));
  }

  // -- storage --

  let db = null;
  const known = {};
  const asked = (request) => new Promise((done, fail) => { request.onsuccess = () => done(request.result); request.onerror = () => fail(request.error); });
  const finished = (tx) => new Promise((done, fail) => { tx.oncomplete = () => done(); tx.onabort = tx.onerror = () => fail(tx.error); });

  async function open() {
    const request = indexedDB.open("onewindow-odp", 1);
    request.onupgradeneeded = () => { request.result.createObjectStore("facts"); request.result.createObjectStore("events", { keyPath: "seq" }); };
    db = await asked(request);
    const facts = db.transaction("facts").objectStore("facts");
    for (const name of ["device", "pairing", "key"]) known[name] = await asked(facts.get(name));
    navigator.storage?.persist?.().catch(() => {});
  }
  async function keep(name, value) {
    known[name] = value;
    const tx = db.transaction("facts", "readwrite");
    tx.objectStore("facts").put(value, name);
    await finished(tx);
  }
  async function forget(name) {
    delete known[name];
    const tx = db.transaction("facts", "readwrite");
    tx.objectStore("facts").delete(name);
    await finished(tx);
  }
  async function wipe() {
    for (const name of Object.keys(known)) delete known[name];
    const tx = db.transaction(["facts", "events"], "readwrite");
    tx.objectStore("facts").clear();
    tx.objectStore("events").clear();
    await finished(tx);
  }

  // -- events (C3) --

  const boot = newId();
  const mono = () => Math.floor(performance.now());

  async function note(type, promptId, more = {}) {
    const tx = db.transaction(["facts", "events"], "readwrite", { durability: "strict" });
    const facts = tx.objectStore("facts");
    const chain = (await asked(facts.get("chain"))) || { id: newId(), seq: 0, head: ZERO };
    const event = {
      id: newId(), seq: chain.seq + 1, type, boot_id: boot, t_wall: Date.now(), t_mono: mono(), prompt_id: promptId, ...more,
      prev_hash: chain.head,
    };
    if (event.text) event.text = event.text.replace(/\p{Surrogate}/gu, "");
    event.hash = fingerprint(event);
    tx.objectStore("events").put(event);
    facts.put({ id: chain.id, seq: event.seq, head: event.hash }, "chain");
    await finished(tx);
  }
  async function waiting() {
    const tx = db.transaction(["facts", "events"]);
    const events = tx.objectStore("events");
    const [count, oldest, chain] = await Promise.all([asked(events.count()), asked(events.openCursor()), asked(tx.objectStore("facts").get("chain"))]);
    return { count, oldest: oldest ? oldest.value.t_wall : 0, chain };
  }

  // -- the line --

  async function call(path, { method = "GET", said, auth, headers = {}, patience = PATIENCE } = {}) {
    const gone = new AbortController();
    const timer = setTimeout(() => gone.abort(), patience);
    const proof = auth || (known.device ? `Device ${known.device.secret}` : "");
    try {
      return await fetch(API + path, {
        method, cache: "no-store", credentials: "omit", signal: gone.signal,
        headers: { ...headers, ...(proof && { Authorization: proof }), ...(said && { "Content-Type": "application/json" }) },
        body: said && JSON.stringify(said),
      });
    } finally {
      clearTimeout(timer);
    }
  }

  // the key pair is made once and can't be taken out; a page without https has none, and is shown as of low assurance (C2)
  async function publicKey() {
    if (!crypto.subtle) return "";
    if (!known.key) await keep("key", await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]));
    return base64(await crypto.subtle.exportKey("raw", known.key.publicKey));
  }
  async function signature(batchId, head) {
    if (!crypto.subtle || !known.key) return "";
    return base64(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, known.key.privateKey, utf8.encode(`ODP/1\n${batchId}\n${head}`)));
  }

  // sends from the oldest event on, and deletes what is acknowledged without a gap; gives the last answer
  async function flush() {
    for (;;) {
      const tx = db.transaction(["facts", "events"]);
      const [events, chain] = await Promise.all([asked(tx.objectStore("events").getAll(null, BATCH)), asked(tx.objectStore("facts").get("chain"))]);
      if (!events.length || !known.device) return null;
      const batchId = newId(), head = events[events.length - 1].hash;
      const said = {
        batch_id: batchId, chain_id: chain.id, boot_id: boot, t_wall: Date.now(), t_mono: mono(), oldest: events[0].seq, events, head,
        sig: await signature(batchId, head),
      };
      const answer = await call("events", { method: "POST", said });
      if (answer.status !== 200) return answer;
      const { acked_seq: acked } = await answer.json();
      if (!(acked >= events[0].seq)) return answer;
      const gone = db.transaction("events", "readwrite");
      gone.objectStore("events").delete(IDBKeyRange.upperBound(acked));
      await finished(gone);
    }
  }

  async function heartbeat(facts) {
    const { count, oldest, chain } = await waiting();
    const room = await navigator.storage?.estimate?.().catch(() => null);
    const battery = await navigator.getBattery?.().catch(() => null);
    const answer = await call("heartbeat", {
      method: "POST",
      said: {
        boot_id: boot, t_wall: Date.now(), t_mono: mono(), waiting: count, oldest_wall: oldest, ...facts,
        ...(chain && { chain_id: chain.id, head_seq: chain.seq }),
        ...(room?.quota && { storage_mb: Math.min(2147483647, Math.floor((room.quota - room.usage) / 1048576)) }),
        ...(battery && { battery: Math.round(battery.level * 100) }),
      },
    });
    if (!answer.ok) return { answer };
    const told = await answer.json();
    if (told.roll) {
      const fresh = await call("secret", { method: "POST" });
      if (fresh.ok) await keep("device", { ...known.device, secret: (await fresh.json()).secret });
    }
    return { answer, told, limited: count >= told.policy.queue_limit };
  }

  return { open, known, keep, forget, wipe, note, waiting, flush, heartbeat, call, publicKey, sha256, canonical, fingerprint };
})();
