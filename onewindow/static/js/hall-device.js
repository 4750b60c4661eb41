// A display or a ticket machine that is paired (odp.js keeps its secret): its heartbeat from the page of the hall that it shows.
// data-kind, data-hall of this script. In any other browser it does nothing.
"use strict";
(() => {
  const { kind, hall } = document.currentScript.dataset;
  const home = `/device/${kind}/`, SOON = 10000, LEAST = 50000;
  let version = "";

  async function beat() {
    let pause = SOON;
    try {
      await odp.flush();
      const dark = document.visibilityState === "hidden" || document.body.hasAttribute("data-stale");
      const { answer, told } = await odp.heartbeat({ ...(version && { app_version: version }), ...(kind === "signage" && { dark }) });
      if (told) {
        pause = told.interval * 1000;
        sessionStorage.setItem("beaten", String(Date.now()));
        await odp.keep("device", { ...odp.known.device, kind: told.kind, hall: told.hall });
        if (told.retire) {
          await odp.heartbeat({ leaving: true });
          pause = 0;
        } else if (told.hall.code !== hall) {
          return location.replace(home);
        } else if (version && told.page_version !== version) {
          return location.reload();
        }
        version = told.page_version;
      } else if (answer.status === 401) {
        if ((await answer.json()).wipe) await odp.wipe();
        return location.replace(home);
      } else if (answer.status === 403) {
        return location.replace(home);
      }
    } catch {
      // no line: the page keeps what it shows, and this goes on
    }
    setTimeout(beat, pause);
  }

  odp.open().then(() => {
    if (odp.known.device?.kind !== kind) return;
    const since = Date.now() - Number(sessionStorage.getItem("beaten") || 0);
    // a ticket machine changes its page with every ticket; that is no reason to speak more often
    setTimeout(beat, kind === "kiosk" ? Math.max(0, LEAST - since) : 0);
  }).catch(() => {});
})();
