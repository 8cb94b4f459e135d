// Reads the page again every two seconds and shows what has changed, unless somebody is writing or choosing in it.
const PERIOD_MS = 2000;

function busy() {
  const held = document.activeElement;
  return document.hidden || (held && held.closest("form") !== null) || String(getSelection()) !== "";
}

async function refresh() {
  if (!busy()) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      const shown = document.querySelector("main");
      if (answer.ok && fresh && !busy() && fresh.innerHTML !== shown.innerHTML) shown.replaceWith(fresh);
    } catch {
      // InvGate has stopped: the page stays as it was, and goes on asking.
    }
  }
  setTimeout(refresh, PERIOD_MS);
}

setTimeout(refresh, PERIOD_MS);
