// Everything here is an addition: each page works without it.
import { keyboard } from "./keyboard.js";
import { palette } from "./palette.js";
import { BY_ITSELF, live } from "./live.js";
import { charts } from "./charts.js";
import { focus, mend } from "./focus.js";

const said = JSON.parse(document.getElementById("texts")?.textContent || "{}");

const TOLD_MS = 2000;
async function copying(event) {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = button.dataset.copy || document.getElementById(button.dataset.copyFrom)?.textContent || "";
  const done = navigator.clipboard ? await navigator.clipboard.writeText(text).then(() => true, () => false) : byHand(button, text);
  if (!done) return;
  announce(said.copied);
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), TOLD_MS);
}

// A hub that is reached without HTTPS gives its pages no clipboard. The field stands beside the button: no menu closes.
function byHand(button, text) {
  const field = document.createElement("textarea");
  field.className = "visually-hidden";
  field.value = text;
  button.after(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  button.focus();
  return done;
}

// Times are written by the server in the person's zone; only "3 s ago" grows old while one reads.
function ageing() {
  const now = Date.now();
  for (const each of document.querySelectorAll("time[data-ago]")) {
    const past = (now - Date.parse(each.dateTime)) / 1000;
    if (Number.isNaN(past)) continue;
    const [count, unit] = past < 60 ? [past, "second"] : past < 3600 ? [past / 60, "minute"] : past < 86400
      ? [past / 3600, "hour"] : [past / 86400, "day"];
    each.textContent = new Intl.RelativeTimeFormat(document.documentElement.lang, { style: "narrow" })
      .format(-Math.max(0, Math.floor(count)), unit);
  }
}

function announce(text) {
  const place = document.getElementById("announced");
  if (place) place.textContent = text || "";
}

// The server learns the time zone from a cookie, so that the next page has it without a script.
function zone() {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (name && !document.cookie.includes(`centralita_tz=${encodeURIComponent(name)}`))
    document.cookie = `centralita_tz=${encodeURIComponent(name)}; path=/; max-age=31536000; samesite=lax`;
}

document.addEventListener("click", copying);
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-check-all]");
  if (all) for (const box of document.querySelectorAll(`input[name="${all.dataset.checkAll}"]`)) box.checked = all.checked;
});
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm || event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});
// A page that looks again by itself says so: nobody is there because of that, and the session may go idle.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.matches("[hx-trigger^=every]")) Object.assign(event.detail.headers, BY_ITSELF);
});
// A second click while the first is on its way does nothing: what a form does, it does once.
const SENT_MS = 8000;
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
  setTimeout(() => unsend(form), SENT_MS);
});
function unsend(form) {
  delete form.dataset.sent;
  for (const each of form.querySelectorAll("[aria-busy]")) each.removeAttribute("aria-busy");
}
// Whoever comes back by the browser's button finds forms that can be sent.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.querySelectorAll("form[data-sent]")) unsend(form);
});
// What looks again by itself rests while somebody is in it: nothing is taken from under a key, a pointer or a screen reader.
document.addEventListener("htmx:beforeRequest", (event) => {
  const place = event.detail.elt;
  if (!place.matches("[data-rests]")) return;
  const marked = window.getSelection();
  const reading = marked && !marked.isCollapsed && place.contains(marked.anchorNode);
  if (document.hidden || reading || place.contains(document.activeElement)) event.preventDefault();
});
document.addEventListener("htmx:afterSwap", (event) => { ageing(); charts(announce); if (event.detail.xhr?.status === 422) mend(); });
document.addEventListener("htmx:sendError", () => announce(said.unreachable));
// On a phone places and tabs lie in a row that is longer than the screen: the present one is in sight.
for (const here of document.querySelectorAll(".rail [aria-current], .tabs [aria-current]"))
  here.parentElement.scrollLeft = here.offsetLeft - (here.parentElement.clientWidth - here.offsetWidth) / 2;
zone();
focus();
keyboard();
palette(said);
live(said);
charts(announce);
mend();
setInterval(ageing, 15000);
