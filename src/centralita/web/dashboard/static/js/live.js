// A list that lives: the server says how many are new (server-sent events; where they don't come through it is asked
// every 5 s). Rows come by themselves only while the list is at its top; else a bar says how many wait, and nothing moves.
export function live(said) {
  for (const place of document.querySelectorAll("[data-live]")) follow(place, said);
}

function follow(place, said) {
  const bar = place.querySelector("[data-newer]");
  const rows = () => place.querySelector("[data-rows]");
  let waiting = 0;
  const fresh = () => {
    waiting = 0;
    if (bar) bar.hidden = true;
    const swapped = { target: rows(), swap: "outerHTML", select: "[data-rows]" };
    window.htmx.ajax("GET", place.dataset.fresh || window.location.href, swapped).then(() => {
      const sentence = document.querySelector(".title .sentence");
      if (sentence && rows()?.dataset.sentence) sentence.lastChild.textContent = ` ${rows().dataset.sentence}`;
    });
  };
  const show = () => {
    if (!waiting || document.hidden) return;
    const target = rows();
    const resting = window.scrollY < 80 && !target.contains(document.activeElement) && !target.querySelector("input:checked");
    if (resting || !bar) fresh();
    else {
      bar.hidden = false;
      bar.textContent = bar.dataset.said || said.newer.replace("{count}", waiting);
    }
  };
  bar?.addEventListener("click", (event) => {
    event.preventDefault();
    fresh();
    window.scrollTo({ top: 0 });
  });
  document.addEventListener("visibilitychange", show);
  let newest = new URL(place.dataset.live, window.location).searchParams.get("after") || "";
  const address = () => {
    const url = new URL(place.dataset.live, window.location);
    url.searchParams.set("after", newest);
    return url;
  };
  let timer = 0;
  const ask = async () => {
    if (document.hidden) return;
    const answer = await fetch(address(), { headers: { accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return;
    const news = await answer.json();
    newest = news.newest || newest;
    waiting += news.count;
    show();
  };
  let source = null;
  const listen = () => {
    source = new EventSource(address());
    source.addEventListener("new", (event) => {
      newest = event.lastEventId || newest;
      waiting += Number(event.data) || 1;
      show();
    });
    source.addEventListener("open", () => {
      clearInterval(timer);
      timer = 0;
      place.setAttribute("data-following", "yes");
    });
    source.addEventListener("error", () => {
      place.removeAttribute("data-following");
      if (source.readyState === EventSource.CLOSED && !timer) timer = setInterval(ask, 5000);
    });
  };
  if (window.EventSource) listen();
  else timer = setInterval(ask, 5000);
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && source) listen();
  });
}
