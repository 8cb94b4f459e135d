// A list that lives: the server says how many are new (server-sent events; asking every 5 s where they don't come
// through). Rows come by themselves only while the list is at its top; else a bar says how many wait, and nothing moves.
export function live(said) {
  for (const place of document.querySelectorAll("[data-live]")) follow(place, said);
}

function follow(place, said) {
  const bar = place.querySelector("[data-newer]");
  const target = place.querySelector("[data-rows]");
  let waiting = 0;
  const fresh = () => {
    waiting = 0;
    if (bar) bar.hidden = true;
    window.htmx.ajax("GET", place.dataset.fresh || window.location.href, { target, swap: "outerHTML", select: "[data-rows]" });
  };
  const came = (count) => {
    if (!count || document.hidden) {
      waiting += count;
      return;
    }
    waiting += count;
    const resting = window.scrollY < 80 && !target.contains(document.activeElement) && !target.querySelector(":checked");
    if (resting || !bar) fresh();
    else {
      bar.hidden = false;
      bar.textContent = said.newer.replace("{count}", waiting);
    }
  };
  bar?.addEventListener("click", (event) => {
    event.preventDefault();
    fresh();
    window.scrollTo({ top: 0 });
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && waiting) came(0 || fresh());
  });
  let source = null;
  let timer = 0;
  const poll = () => {
    if (!timer) timer = setInterval(() => { if (!document.hidden) came(1); }, 5000);
  };
  const listen = () => {
    source = new EventSource(place.dataset.live);
    source.addEventListener("new", (event) => {
      clearInterval(timer);
      timer = 0;
      came(Number(event.data) || 1);
    });
    source.addEventListener("open", () => place.setAttribute("data-following", "yes"));
    source.addEventListener("error", () => {
      place.removeAttribute("data-following");
      if (source.readyState === EventSource.CLOSED) poll();
    });
  };
  if (window.EventSource) listen();
  else poll();
  window.addEventListener("pagehide", () => source?.close());
}
