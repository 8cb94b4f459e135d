// A list that lives: the server says how many are new, by server-sent events; where none come through (a proxy keeps them
// back, a network cuts them) it is asked every 5 s. Rows come by themselves only while the list is at its top and nobody is
// at one; else a bar says how many wait, and nothing moves. A tab that nobody sees holds no connection.
const ASK_MS = 5000;
const SILENT_MS = 40000; // the stream says something every 15 s
const AT_ONE_MS = 3000; // so long after the pointer moved over the rows somebody may be about to press
const GAP_MS = 1000;
export const BY_ITSELF = { "x-centralita-by-itself": "yes" };

export function live(said) {
  for (const place of document.querySelectorAll("[data-live]")) follow(place, said);
}

function follow(place, said) {
  const bar = place.querySelector("[data-newer]");
  const rows = () => place.querySelector("[data-rows]");
  const news = listen(place, (count, newest) => {
    // What a look has brought meanwhile is no news.
    if (heard && heard <= known()) waiting = 0;
    if (newest && newest <= known()) return;
    heard = newest;
    waiting += count;
    show();
  });
  const known = () => rows()?.dataset.newest || "";
  let heard = "";
  let waiting = 0;
  let pointed = -AT_ONE_MS;
  let looking = false;
  let later = 0;
  const fresh = async (headers) => {
    waiting = 0;
    if (bar) bar.hidden = true;
    looking = true;
    const swapped = { target: rows(), swap: "outerHTML", select: "[data-rows]", headers };
    await window.htmx.ajax("GET", place.dataset.fresh || window.location.href, swapped).catch(() => {});
    const sentence = document.querySelector(".title .sentence");
    if (sentence && rows()?.dataset.sentence) sentence.lastChild.textContent = ` ${rows().dataset.sentence}`;
    again(GAP_MS, () => { looking = false; });
  };
  const again = (after_ms, before = () => {}) => {
    clearTimeout(later);
    later = setTimeout(() => { before(); show(); }, after_ms);
  };
  const isAt = (target) => {
    const marked = window.getSelection();
    return target.contains(document.activeElement) || target.querySelector("input:checked")
      || (marked && !marked.isCollapsed && target.contains(marked.anchorNode));
  };
  const show = () => {
    if (heard && heard <= known()) waiting = 0;
    if (!waiting || document.hidden || looking) return;
    const still_ms = performance.now() - pointed;
    const resting = window.scrollY < 80 && !isAt(rows());
    if (!bar || (resting && still_ms >= AT_ONE_MS)) {
      fresh(BY_ITSELF);
      return;
    }
    bar.hidden = false;
    bar.textContent = bar.dataset.said || said.newer.replace("{count}", waiting);
    if (resting) again(AT_ONE_MS - still_ms);
  };
  bar?.addEventListener("click", (event) => {
    event.preventDefault();
    // Whoever asks by a key goes on at the newest row.
    const byKey = event.detail === 0 && (document.activeElement === bar || rows().contains(document.activeElement));
    fresh().then(() => { if (byKey) rows()?.querySelector("[data-row] a.open")?.focus(); });
    window.scrollTo({ top: 0 });
  });
  place.addEventListener("pointermove", (event) => {
    if (rows()?.contains(event.target)) pointed = performance.now();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) news.rest();
    else news.go();
    show();
  });
  news.go();
}

// Tells `came` how many are new, by whatever way the news come.
function listen(place, came) {
  let newest = new URL(place.dataset.live, window.location).searchParams.get("after") || "";
  let source = null;
  let timer = 0;
  let heard = -SILENT_MS;
  const address = () => {
    const url = new URL(place.dataset.live, window.location);
    url.searchParams.set("after", newest);
    return url;
  };
  const ask = async () => {
    if (performance.now() - heard < SILENT_MS) return;
    const headers = { accept: "application/json", ...BY_ITSELF };
    const answer = await fetch(address(), { headers }).catch(() => null);
    if (answer?.status === 401) window.location.reload(); // the session is over: that leads to signing in
    if (!answer?.ok) return;
    const news = await answer.json();
    newest = news.newest || newest;
    if (news.count) came(news.count, newest);
    if (source?.readyState === window.EventSource?.CLOSED) open();
  };
  const open = () => {
    if (!window.EventSource) return;
    source?.close();
    source = new EventSource(address());
    source.addEventListener("beat", () => {
      heard = performance.now();
      place.setAttribute("data-following", "yes");
    });
    source.addEventListener("new", (event) => {
      heard = performance.now();
      newest = event.lastEventId || newest;
      came(Number(event.data) || 1, event.lastEventId);
    });
    source.addEventListener("error", lost);
  };
  const lost = () => {
    heard = -SILENT_MS;
    place.removeAttribute("data-following");
  };
  const rest = () => {
    source?.close();
    clearInterval(timer);
    timer = 0;
    lost();
  };
  const go = () => {
    rest();
    open();
    timer = setInterval(ask, ASK_MS);
  };
  window.addEventListener("pagehide", rest);
  window.addEventListener("pageshow", (event) => { if (event.persisted) go(); });
  return { go, rest };
}
