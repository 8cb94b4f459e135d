// What a page without its script shows that only a script could make something of; everything folded is opened for it.
() => {
  for (const each of document.querySelectorAll("details")) each.open = true;
  const shown = (each) => each.checkVisibility({ visibilityProperty: true }) && each.getClientRects().length > 0;
  const called = (each) => `${each.tagName.toLowerCase()}${each.id ? `#${each.id}` : ""} ${(each.getAttribute("aria-label") || each.name
    || each.textContent || "").trim().replace(/\s+/g, " ").slice(0, 60)}`;
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const sends = (each) => each.matches("button:not([type]), button[type=submit], input[type=submit]") && shown(each);
  const bare = (each) => !each.childElementCount && !each.textContent.trim() && each.offsetHeight > 12;
  const say = (fault, found) => found.map((each) => `${fault}: ${called(each)}`);
  return [
    ...say("a button that does nothing", all("button").filter((each) => !(sends(each) && each.form?.hasAttribute("action")))),
    ...say("a box that ticks nothing", all("[data-check-all], [data-single-keys]")),
    ...say("keys that do nothing", all("kbd")),
    ...say("a form that can't be sent", all("form").filter((each) => ![...each.elements].some(sends))),
    ...say("a form that leads nowhere", all("form:not([action])")),
    ...say("a link that leads nowhere", all("a:not([href])")),
    ...say("fetched by a script alone", all("[hx-get], [hx-post]").filter((each) => !each.matches("a[href], form[action], [hx-trigger^=every]"))),
    ...say("an empty box", all("main :is(div, section, ul, p)").filter(bare)),
    ...say("a row that can't be read", all("table.list tbody tr").filter((each) => !each.innerText.trim())),
    ...say("a dialog", all("dialog")),
  ];
}
