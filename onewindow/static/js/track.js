// Supplying corrections: says which photos were chosen, and that they are on their way. The form works without it.
"use strict";
(() => {
  const size = (bytes) => bytes < 1048576 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
  addEventListener("change", (e) => {
    const input = e.target;
    if (!input.matches("[data-photos]")) return;
    const line = document.querySelector(`[data-list-for="${CSS.escape(input.id)}"]`);
    const names = [...input.files].map((f) => `${f.name} (${size(f.size)})`);
    line.textContent = names.length ? `${input.form.dataset.chosen} ${names.join(", ")}` : "";
  });
  addEventListener("submit", (e) => {
    const form = e.target;
    if (!form.dataset.sending || e.defaultPrevented) return;
    if (form.dataset.busy) { e.preventDefault(); return; }
    form.dataset.busy = "1";
    const button = form.querySelector("button.ow-btn--p");
    button.setAttribute("aria-disabled", "true");
    button.lastChild.textContent = form.dataset.sending;
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-busy]").forEach((f) => {
    delete f.dataset.busy;
    f.querySelector("button.ow-btn--p").removeAttribute("aria-disabled");
  }));
})();
