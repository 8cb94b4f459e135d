// Ctrl-K: places and what the server finds. Without a script the field in the top bar is a form that leads to /search.
export function palette(said) {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const field = dialog.querySelector("input");
  const list = dialog.querySelector("ul");
  const places = [...document.querySelectorAll(".rail a.place, [data-command]")].map((each) => ({
    label: each.dataset.command || each.textContent.trim().replace(/\s+/g, " "),
    href: each.href,
  }));
  let found = [];
  let at = 0;
  let asked = 0;
  const plain = (text) => text.normalize("NFD").replace(/\p{Diacritic}/gu, "").toLowerCase();
  const draw = () => {
    list.replaceChildren(...found.map((each, number) => {
      const item = document.createElement("li");
      item.id = `palette-${number}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(number === at));
      const link = document.createElement("a");
      link.href = each.href;
      link.tabIndex = -1;
      link.textContent = each.label;
      item.append(link);
      return item;
    }));
    field.setAttribute("aria-activedescendant", found.length ? `palette-${at}` : "");
    list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  };
  const look = async () => {
    const text = field.value.trim();
    const mine = (asked += 1);
    const here = places.filter((each) => plain(each.label).includes(plain(text)));
    found = here;
    at = 0;
    draw();
    if (!text) return;
    const answer = await fetch(`/search.json?q=${encodeURIComponent(text)}`).catch(() => null);
    if (mine !== asked || !answer?.ok) return;
    found = [...here, ...(await answer.json()).items];
    if (!found.length) found = [{ label: said.search_events.replace("{text}", text), href: `/events?text=${encodeURIComponent(text)}` }];
    draw();
  };
  const open = () => {
    if (!dialog.open) dialog.showModal();
    field.select();
    look();
  };
  field.addEventListener("input", look);
  field.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      at = Math.max(0, Math.min(found.length - 1, at + step));
      draw();
    } else if (event.key === "Enter" && found[at]) {
      event.preventDefault();
      window.location.assign(found[at].href);
    }
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
}
