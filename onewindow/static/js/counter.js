// The counter, faster: every part also works as a plain form. Parts of the page are asked for by posting the form and
// taking over only those parts that nobody is typing in.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const form = () => $("counter");
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // posts the form and takes over the named parts of the answer (comma-separated ids)
  const ask = (values, target, more = "") =>
    htmx.ajax("POST", form().action, { source: form(), values, target, select: target, swap: "outerHTML", selectOOB: more });
  const everything = (values) => ask(values, "#counter", "#c-bar");
  // what the server says of the fields, without the fields; a request that waits gives way to a later one
  const said = (more = []) => htmx.ajax("POST", form().action, { source: $("c-refresh"), values: { do: "refresh" }, swap: "none",
    selectOOB: ["#c-before", "#c-id", ...more, ...all("#c-due .cn-trouble").map(() => "#c-due"), ...all(".cn-e").map((x) => `#${x.id}`)].join(",") });
  // a new number may bring papers that are held; what the clerk has touched since it was sent stays as it is
  let touched = 0, sent = 0;
  const materials = () => { sent = touched; said($("c-materials") && !$("c-materials").contains(document.activeElement) ? ["#c-materials"] : []); };
  document.addEventListener("htmx:oobBeforeSwap", (e) => {
    const old = e.detail.target;
    if (old && old.id === "c-materials" && (touched !== sent || old.contains(document.activeElement))) e.detail.shouldSwap = false;
  });

  // the item: the best hit at Enter, or the one chosen from the list
  document.addEventListener("combobox-commit", (e) => {
    if (e.target.dataset.code) everything({ do: "pick", pick: e.target.dataset.code });
  });
  document.addEventListener("click", (e) => {
    const chip = e.target.closest("button[name=pick]");
    const button = chip || e.target.closest("#use-last, #all-paper, #fetch-all, .cn-search__go, button[name=drop], button[name=fetch]");
    if (!button || !window.htmx) return;
    if (button.id === "all-paper") { e.preventDefault(); return restOnPaper(); }
    e.preventDefault();
    if (button.name === "drop") return ask({ drop: button.value }, `#m${CSS.escape(button.value)}`);
    if (button.name === "fetch") return everything({ fetch: button.value });
    everything(chip ? { pick: chip.value } : { do: button.value });
  });

  // Enter and digits
  document.addEventListener("keydown", (e) => {
    if (e.isComposing || e.ctrlKey || e.altKey || e.metaKey || !form()) return;
    const t = e.target;
    if (e.key === "/" && t.id === "item-q" && !t.value) return e.preventDefault(); // it is open already
    if (e.key === "Enter" && !e.defaultPrevented) {
      if (t.id === "item-q" && t.value.trim()) { e.preventDefault(); return everything({ do: "find" }); }
      if (t.id === "scan" && t.value.trim()) { e.preventDefault(); return everything({ do: "read" }); }
      if (t.id === "id_name" && !t.value && $("use-last")) { e.preventDefault(); return $("use-last").click(); }
      if (t.matches(".cn-m input[type=radio]")) { e.preventDefault(); return nextMaterial(t); }
    }
    if (/^[1-5]$/.test(e.key) && t.matches(".cn-m input[type=radio]")) {
      const choice = all("input[type=radio]", t.closest(".cn-m"))[Number(e.key) - 1];
      if (!choice) return;
      e.preventDefault();
      choice.checked = true;
      choice.dispatchEvent(new Event("change", { bubbles: true }));
      nextMaterial(choice);
    }
  });
  function nextMaterial(radio) {
    const row = radio.closest(".cn-m").nextElementSibling;
    const next = row ? row.querySelector("input[type=radio]:checked") : agree() || $("accept");
    if (next) next.focus();
  }
  // what somebody handed in before needs his word once
  function agree() {
    const box = $("id_consent");
    return box && !box.checked && all(".cn-m").some((row) => row.querySelector("input[value=reused]:checked")) ? box : null;
  }
  function restOnPaper() {
    touched += 1;
    all(".cn-m").forEach((row) => {
      const now = row.querySelector("input[type=radio]:checked"), paper = row.querySelector("input[value=paper]");
      if (now && now.value === "missing" && row.dataset.need === "1" && paper) paper.checked = true;
    });
    count();
    form().dispatchEvent(new Event("input", { bubbles: true }));
    const open = all(".cn-m.is-none").map((row) => row.querySelector("input[type=radio]:checked"))[0];
    (open || $("accept")).focus();
  }

  // what the number, the kind of applicant and the name change
  document.addEventListener("change", (e) => {
    const t = e.target;
    if (!form() || !form().contains(t)) return;
    if (t.name === "kind") return everything({ do: "refresh" });
    if (/^id_(number|type)$/.test(t.name)) return materials();
    if (/^(name|(agent_)?mobile|agent_id_number)$/.test(t.name)) return said();
    if (t.matches(".cn-m input[type=radio]")) { touched += 1; count(); }
  });

  // materials: how many are there, which one F8 scans next
  function count() {
    const rows = all(".cn-m");
    rows.forEach((row) => row.classList.toggle("is-none", !!row.querySelector("input[value=missing]:checked")));
    const here = rows.filter((row) => !row.matches(".is-none")).length, tag = $("c-count");
    if (tag) {
      tag.textContent = `${here} / ${rows.length}`;
      const due = rows.some((row) => row.matches(".is-none[data-need='1']"));
      tag.classList.toggle("ow-tag--a", due);
      tag.classList.toggle("ow-tag--g", !due);
    }
    aim(rows.find((row) => row.matches(".is-none")) || rows[0]);
  }
  function aim(row) {
    const file = row && row.querySelector("input[type=file]");
    if (file && $("scan-next")) $("scan-next").htmlFor = file.id;
  }
  document.addEventListener("focusin", (e) => {
    const row = e.target.closest && e.target.closest(".cn-m");
    if (row) aim(row);
  });

  // errors that come and go tell the field
  const mark = () => all(".cn-e").forEach((place) => {
    const field = $(`id_${place.id.slice(2)}`), bad = place.childElementCount > 0;
    if (field) field.toggleAttribute("aria-invalid", bad) && field.setAttribute("aria-invalid", "true");
    place.parentElement.classList.toggle("ow-f--bad", bad);
  });
  document.addEventListener("htmx:afterSettle", () => { count(); mark(); });
  document.addEventListener("DOMContentLoaded", count);

  // two presses of F9 are one
  addEventListener("submit", (e) => {
    if (e.target !== form() || e.defaultPrevented) return;
    if (form().dataset.busy) { e.preventDefault(); return; }
    form().dataset.busy = "1";
    setTimeout(() => { if (form()) delete form().dataset.busy; }, 8000);
  });

  // the draft is kept every minute, so that a power cut or an ended session costs little
  setInterval(() => {
    const f = form();
    if (!f || !f.dataset.changed || f.dataset.busy) return;
    const data = new FormData(f);
    all("input[type=file]", f).forEach((x) => data.delete(x.name));
    data.set("do", "autosave");
    fetch(f.action, { method: "POST", body: data, headers: { "X-CSRFToken": data.get("csrfmiddlewaretoken") } })
      .then((answer) => { if (answer.ok && !answer.redirected) delete f.dataset.changed; })
      .catch(() => { /* the next minute tries again */ });
  }, 60000);
})();
