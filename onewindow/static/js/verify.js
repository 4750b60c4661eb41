// Checks a PDF against the hash of the one that was issued. The file stays on the device.
(() => {
  const box = document.querySelector("[data-hash]");
  if (!box || !window.crypto || !crypto.subtle) return;
  box.hidden = false;
  const same = box.querySelector("[data-same]");
  const other = box.querySelector("[data-other]");
  const said = box.querySelector("[data-said]");
  box.querySelector("input").addEventListener("change", async (event) => {
    same.hidden = other.hidden = true;
    said.textContent = "";
    const file = event.target.files[0];
    if (!file) return;
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    const hex = Array.from(sum, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const shown = hex === box.dataset.hash ? same : other;
    shown.hidden = false;
    said.textContent = shown.textContent;
  });
})();
