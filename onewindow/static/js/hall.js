// data-print-now, data-back   a ticket machine prints the ticket and goes back by itself
// data-speaks, data-say       a display speaks each call once, where the machine has a voice
"use strict";
(() => {
  addEventListener("DOMContentLoaded", () => {
    const slip = document.querySelector("[data-back]");
    if (!slip) return;
    if (slip.matches("[data-print-now]")) print();
    setTimeout(() => { location.href = slip.dataset.back; }, 12000);
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
