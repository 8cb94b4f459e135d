// Where the focus is after something changed: never lost, never taken from where somebody put it.
const FIELD = "input, select, textarea";

// A menu is left by Escape, which gives the focus back to what opened it, and by going elsewhere.
function menus() {
  const open = () => document.querySelectorAll("details.menu[open]");
  const elsewhere = (target) => {
    if (target.closest?.("dialog")) return; // it gives the focus back into the menu
    for (const menu of open()) if (!menu.contains(target)) menu.open = false;
  };
  document.addEventListener("click", (event) => elsewhere(event.target));
  document.addEventListener("focusin", (event) => elsewhere(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    for (const menu of open()) {
      event.preventDefault();
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

// After a swap the focus is on the same thing as before; where that is gone, on what took its place.
function swaps() {
  let had = null;
  const alike = (one, other) => one.tagName === other.tagName && ["href", "name", "value"].every((each) =>
    one.getAttribute(each) === other.getAttribute(each)) && one.textContent === other.textContent;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const focused = document.activeElement;
    had = event.detail.shouldSwap && event.detail.target.contains(focused) ? { focused, id: event.detail.target.id } : null;
  });
  document.addEventListener("htmx:afterSwap", () => {
    const place = had && document.activeElement === document.body && had.id ? document.getElementById(had.id) : null;
    if (place) {
      const same = [...place.querySelectorAll(had.focused.tagName)].find((each) => alike(each, had.focused));
      if (!same && place.tabIndex < 0) place.tabIndex = -1;
      (same || place).focus({ preventScroll: !same });
    }
    had = null;
  });
}

// By the pointer a choice shows at once; by keys each arrow would be a choice, so that the button beside does it.
function choices() {
  let byKeys = false;
  document.addEventListener("keydown", () => { byKeys = true; }, true);
  document.addEventListener("pointerdown", () => { byKeys = false; }, true);
  document.addEventListener("change", (event) => {
    if (!byKeys && event.target.closest("[data-submit-on-change]")) event.target.form.requestSubmit();
  });
}

export function focus() {
  menus();
  swaps();
  choices();
  // What is scrolled sideways comes whole into sight: browsers leave it half seen.
  document.addEventListener("focusin", (event) => {
    if (event.target.closest(".rail, .tabs")) event.target.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
}

// A line that is longer than its place shows the mark below it, not its beginning.
function sideways(caret) {
  const at = caret.textContent.lastIndexOf("^");
  if (at < 0 || caret.scrollWidth <= caret.clientWidth) return;
  const mark = document.createRange();
  mark.setStart(caret.firstChild, at);
  mark.setEnd(caret.firstChild, at + 1);
  caret.scrollLeft += mark.getBoundingClientRect().left - caret.getBoundingClientRect().left - caret.clientWidth / 2;
}

// A form that came back begins where something is to be mended; what is wrong stands below the field, and in sight.
export function mend(place = document) {
  place.querySelectorAll(".caret").forEach(sideways);
  if (document.activeElement !== document.body && place === document) return;
  const field = place.querySelector(`:is(${FIELD})[aria-invalid=true]`);
  if (!field) return;
  field.focus();
  const fault = (field.getAttribute("aria-describedby") || "").split(" ").at(-1);
  document.getElementById(fault)?.scrollIntoView({ block: "nearest" });
}
