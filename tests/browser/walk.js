// What Tab has to stop at on a page, in the order of its markup, and what somebody sees at each stop.
window.walk = (() => {
  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex], [contenteditable]";
  const shown = (each) => each.checkVisibility({ visibilityProperty: true }) && each.getClientRects().length > 0;
  const scope = () => document.querySelector("dialog[open]") || document;
  // Of the radio buttons of one name Tab stops at one; arrows reach the others.
  const single = (each, all) => each.type !== "radio" || each === (all.find((other) => other.name === each.name && other.checked)
    || all.find((other) => other.name === each.name));
  const stops = () => [...scope().querySelectorAll(CONTROLS)].filter((each, _, all) =>
    shown(each) && each.tabIndex >= 0 && !each.disabled && !each.closest("[inert]") && single(each, all));
  const scrolls = (each) => each.scrollHeight > each.clientHeight || each.scrollWidth > each.clientWidth;
  const called = (each) => `${each.tagName.toLowerCase()}${each.id ? `#${each.id}` : ""}${each.className && typeof each.className === "string"
    ? `.${each.className.trim().replace(/\s+/g, ".")}` : ""} ${(each.getAttribute("aria-label") || each.name || each.textContent || "").trim().slice(0, 40)}`;

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const over = (top, below) => top.slice(0, 3).map((part, at) => (part * top[3] + below[at] * (255 - top[3])) / 255);
  const contrast = (one, other) => {
    const [less, more] = [light(one), light(other)].sort((a, b) => a - b);
    return (more + 0.05) / (less + 0.05);
  };
  const ground = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255, 255];
  };
  const look = (each) => {
    const style = getComputedStyle(each);
    return { shadow: style.boxShadow, border: style.borderColor };
  };
  let before = new Map();
  let taken = [];
  document.addEventListener("keyup", (event) => { if (event.key === "Tab") taken.push(stop()); });

  // WCAG 2.4.7 and 1.4.11: a ring of 2 px that stands out 3:1 from what it is drawn on.
  const ring = (each) => {
    const style = getComputedStyle(each);
    const inside = parseFloat(style.outlineOffset) < 0;
    const on = ground(inside ? each : each.parentElement || each);
    if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
      return contrast(over(rgba(style.outlineColor), on), on) >= 3 ? "" : `a faint outline: ${style.outlineColor}`;
    const shadow = style.boxShadow;
    if (shadow !== "none" && shadow !== before.get(each)?.shadow) {
      const colour = rgba(shadow.match(/^[a-z]+\([^)]*\)|#\w+/)?.[0] || "transparent");
      return contrast(over(colour, on), on) >= 3 ? "" : `a faint shadow: ${shadow}`;
    }
    return "nothing shows the focus";
  };
  // How many sides of the ring are cut off by what scrolls around it.
  const cut = (each) => {
    const style = getComputedStyle(each);
    const reach = style.outlineStyle === "none" ? 0 : Math.max(0, parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset));
    const box = each.getBoundingClientRect();
    const sides = new Set();
    for (let at = each.parentElement; at && at !== document.body; at = at.parentElement) {
      const about = getComputedStyle(at);
      if (about.overflowX === "visible") continue;
      const outer = at.getBoundingClientRect();
      if (box.left - reach < outer.left + at.clientLeft - 1) sides.add("left");
      if (box.right + reach > outer.left + at.clientLeft + at.clientWidth + 1) sides.add("right");
      if (box.top - reach < outer.top + at.clientTop - 1) sides.add("top");
      if (box.bottom + reach > outer.top + at.clientTop + at.clientHeight + 1) sides.add("bottom");
    }
    return [...sides];
  };
  const hidden = (each) => {
    const box = each.getClientRects()[0];
    const [x, y] = [box.left + box.width / 2, box.top + Math.min(box.height / 2, 400)];
    if (x < 0 || y < 0 || x > window.innerWidth || y > window.innerHeight) return "out of sight";
    const top = document.elementFromPoint(x, y);
    return top && (each.contains(top) || top.contains(each) || top.closest("label")?.contains(each)) ? "" : `behind ${called(top || document.body)}`;
  };

  // Where it stands on a page that shows all of itself.
  const place = (each) => {
    const box = each.getClientRects()[0] || each.getBoundingClientRect();
    let [x, y] = [scrollX, scrollY];
    for (let at = each.parentElement; at && at !== document.body; at = at.parentElement) [x, y] = [x + at.scrollLeft, y + at.scrollTop];
    return { left: box.left + x, right: box.right + x, top: box.top + y, bottom: box.bottom + y };
  };

  // What has the focus now: its number among the stops, and what is wrong with how it shows.
  function stop() {
    const each = document.activeElement;
    if (!each || each === document.body || each === document.documentElement) return null;
    const found = stops();
    const number = found.indexOf(each);
    const faults = [];
    if (number < 0 && !scrolls(each)) faults.push("not to be expected here");
    const drawn = ring(each);
    if (drawn) faults.push(drawn);
    const sides = cut(each);
    if (sides.length) faults.push(`its ring is cut off: ${sides.join(", ")}`);
    const away = hidden(each);
    if (away) faults.push(away);
    return { number, called: called(each), faults, scroller: number < 0,
      box: place(each),
      region: each.closest(".rail, .top, main, dialog, .skip")?.className || each.closest("main, dialog")?.tagName || "" };
  }

  return {
    // From the top of the page, wherever the focus is.
    begin() {
      const top = Object.assign(document.createElement("span"), { tabIndex: -1 });
      (document.querySelector("dialog[open]") || document.body).prepend(top);
      top.focus();
      top.remove();
      const found = stops();
      before = new Map(found.map((each) => [each, look(each)]));
      return found.length;
    },
    // Where each press of Tab has led since the last time.
    taken() {
      const some = taken;
      taken = [];
      return some;
    },
    names: () => stops().map(called),
    // Controls that somebody took out of Tab's way.
    left: () => [...scope().querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
      .filter((each) => shown(each) && !each.disabled && each.tabIndex < 0).map(called),
    // The stops that an eye finds in another order than Tab: further up without being further right, or left on one line.
    crossed(boxes) {
      return boxes.slice(1).flatMap((after, at) => {
        const one = boxes[at];
        if (one.region !== after.region) return [];
        const up = after.box.bottom <= one.box.top + 4 && after.box.left < one.box.right - 4 && after.box.left <= one.box.left;
        const line = Math.min(one.box.bottom, after.box.bottom) - Math.max(one.box.top, after.box.top);
        const back = line > Math.min(one.box.bottom - one.box.top, after.box.bottom - after.box.top) / 2 && after.box.right <= one.box.left + 2;
        return up || back ? [`${one.called} -> ${after.called}`] : [];
      });
    },
  };
})();
