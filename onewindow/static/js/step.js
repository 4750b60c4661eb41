// Stock phrases: a click puts one into the text field that was used last. Without this script the field is simply typed in.
// A field that belongs to some choices only (data-only-if="result=refuse", "proposal=solved partly") is hidden while another
// one is chosen, by radio or in a list.
"use strict";
document.querySelectorAll("[data-only-if]").forEach((field) => {
  const [name, values] = field.dataset.onlyIf.split("=");
  const asked = [...document.querySelectorAll(`input[name="${name}"], select[name="${name}"]`)];
  const chosen = () => asked.filter((x) => x.value && (x.checked || x.tagName === "SELECT"));
  const filled = () => (field.type === "checkbox" ? field.checked : field.value && field.type !== "hidden");
  const show = () => { field.closest(".ow-f").hidden = chosen().some((x) => !values.split(" ").includes(x.value)) && !filled(); };
  asked.forEach((x) => x.addEventListener("change", show));
  show();
});
(() => {
  const list = document.querySelector("[data-phrase-list]");
  const fields = [...document.querySelectorAll("[data-phrases], input[list=phrases]")];
  if (!list || !fields.length) return;
  list.hidden = false;
  let field = fields[0];
  fields.forEach((f) => f.addEventListener("focus", () => { field = f; }));
  list.addEventListener("click", (e) => {
    const chip = e.target.closest("[data-phrase]");
    if (!chip) return;
    const gap = field.value && !/[\n。；]$/.test(field.value) ? "；" : "";
    field.value += gap + chip.textContent;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
})();
// Alt and a digit put the phrase of that place into the field.
addEventListener("keydown", (e) => {
  if (!e.altKey || e.ctrlKey || e.metaKey || !/^Digit[1-9]$/.test(e.code)) return;
  const chip = document.querySelectorAll("[data-phrase-list]:not([hidden]) [data-phrase]")[Number(e.code[5]) - 1];
  if (chip) { e.preventDefault(); chip.click(); }
});
