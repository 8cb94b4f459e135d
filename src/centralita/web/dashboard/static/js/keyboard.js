// j/k through the rows, o or Enter opens, x ticks, / searches, ? says so. By event.key: what is written on the key counts,
// on every layout. Nothing with Ctrl, Alt or Meta but Ctrl-K, so that no key of the browser is taken away; and whoever
// speaks to their computer, or strikes keys by accident, can switch the single ones off (WCAG 2.1.4).
const writing = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
const OFF = "centralita_keys=off";
const off = () => document.cookie.split("; ").includes(OFF);

export function keyboard() {
  let before = null;
  const rows = () => [...document.querySelectorAll("[data-rows] [data-row]")];
  // The row that has the focus, else the one that was gone to last: rows that came meanwhile move neither.
  const here = () => {
    const found = rows();
    const focused = found.findIndex((row) => row.contains(document.activeElement));
    return focused < 0 ? found.findIndex((row) => row.classList.contains("at")) : focused;
  };
  const go = (step) => {
    const found = rows();
    if (!found.length) return;
    const at = here();
    const next = at < 0 ? 0 : Math.min(found.length - 1, Math.max(0, at + step));
    found.forEach((row, number) => row.classList.toggle("at", number === next));
    const row = found[next];
    if (!opens(row)) row.tabIndex = -1;
    (opens(row) || row).focus();
  };
  const opens = (row) => row?.querySelector("a.open, summary");
  const search = () => {
    before = document.activeElement;
    (document.querySelector("[data-find]") || document.querySelector("#find"))?.focus();
  };
  const keys = {
    j: () => go(1),
    k: () => go(-1),
    o: () => opens(rows()[here()])?.click(),
    x: () => rows()[here()]?.querySelector("input[type=checkbox]")?.click(),
    "/": search,
    "?": () => document.getElementById("keys")?.showModal(),
    u: () => document.querySelector("[data-newer]:not([hidden])")?.click(),
  };
  const leave = (field) => {
    if (before?.isConnected && before !== document.body) before.focus();
    else field.blur();
    before = null;
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    if (writing(event.target)) {
      if (event.key === "Escape") leave(event.target);
      return;
    }
    const wanted = off() ? null : keys[event.key];
    if (wanted) {
      event.preventDefault();
      wanted();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-open-keys]")) document.getElementById("keys")?.showModal();
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  });
  const box = document.querySelector("[data-single-keys]");
  if (!box) return;
  box.checked = !off();
  box.addEventListener("change", () => {
    document.cookie = `${box.checked ? "centralita_keys=on; max-age=0" : `${OFF}; max-age=31536000`}; path=/; samesite=lax`;
  });
}
