// j/k through the rows, o or Enter opens, x ticks, / searches, ? says so. By event.key: what is written on the key counts,
// on every layout. Nothing with Ctrl, Alt or Meta but Ctrl-K, so that no key of the browser is taken away.
const writing = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

export function keyboard() {
  let at = -1;
  const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")];
  const go = (step) => {
    const found = rows();
    if (!found.length) return;
    at = Math.min(found.length - 1, Math.max(0, at + step));
    found.forEach((row, number) => row.classList.toggle("at", number === at));
    found[at].querySelector("a.open")?.focus();
  };
  const keys = {
    j: () => go(1),
    k: () => go(-1),
    o: () => rows()[at]?.querySelector("a.open")?.click(),
    x: () => rows()[at]?.querySelector("input[type=checkbox]")?.click(),
    "/": () => (document.querySelector("[data-find]") || document.querySelector("#find"))?.focus(),
    "?": () => document.getElementById("keys")?.showModal(),
    u: () => document.querySelector("[data-newer]")?.click(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (writing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    const wanted = keys[event.key];
    if (wanted) {
      event.preventDefault();
      wanted();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-keys]")) document.getElementById("keys")?.showModal();
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  });
}
