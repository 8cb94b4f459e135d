// Lists what arrived, newest first, by long polling the control API. Text reaches the page as text nodes only.
const TEXTS = {
  en: {
    title: "Webhook sink", language: "Language", empty: "Nothing has arrived yet. POST to any path of this address.",
    none: "Nothing yet.", some: (n, when) => `${n} arrived, the last at ${when}.`, headers: "Headers", body: "Body",
    unkept: "Not kept.", lost: "The sink does not answer; trying again.",
  },
  es: {
    title: "Receptor de webhooks", language: "Idioma", none: "Nada todavía.",
    empty: "Todavía no llegó nada. Haz un POST a cualquier ruta de esta dirección.",
    some: (n, when) => `${n} recibidos, el último a las ${when}.`, headers: "Encabezados", body: "Cuerpo",
    unkept: "No se guardó.", lost: "El receptor no responde; se vuelve a intentar.",
  },
};
const SHOWN = 200;
const list = document.getElementById("list");
const sentence = document.getElementById("sentence");
const chooser = document.getElementById("language");
let language = navigator.language.startsWith("es") ? "es" : "en";
let last = 0;
let newest = null;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function clock(ms) {
  return new Date(ms).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

function readable(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const text = new TextDecoder().decode(bytes);
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function entry(request) {
  const row = element("details");
  const summary = element("summary");
  summary.append(
    element("span", "method", request.method),
    element("span", "path", request.path + (request.query ? `?${request.query}` : "")),
    element("span", "facts", `${clock(request.arrived_wall_ms)} · ${request.size} B · #${request.seq}`),
  );
  const inside = element("div", "inside");
  const headers = request.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  const unkept = request.size && !request.body_base64;
  inside.append(
    element("h2", "", TEXTS[language].headers), element("pre", "", headers),
    element("h2", "", TEXTS[language].body),
    element("pre", "", unkept ? TEXTS[language].unkept : readable(request.body_base64)),
  );
  row.append(summary, inside);
  return row;
}

function speak() {
  const texts = TEXTS[language];
  document.documentElement.lang = language;
  document.title = texts.title;
  for (const one of document.querySelectorAll("[data-text]")) one.textContent = texts[one.dataset.text];
  sentence.textContent = newest ? texts.some(last, clock(newest)) : texts.none;
  if (!newest) list.replaceChildren(element("p", "empty", texts.empty));
}

async function follow() {
  for (;;) {
    try {
      const response = await fetch(`/_control/requests?after=${last}&timeout_s=25`);
      const answer = await response.json();
      if (answer.requests.length) {
        if (!newest) list.replaceChildren();
        last = answer.last;
        newest = answer.requests.at(-1).arrived_wall_ms;
        list.prepend(...answer.requests.slice(-SHOWN).reverse().map(entry));
        while (list.childElementCount > SHOWN) list.lastElementChild.remove();
      } else if (answer.last < last) {
        last = 0;
      }
      speak();
    } catch {
      sentence.textContent = TEXTS[language].lost;
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

chooser.value = language;
chooser.addEventListener("change", () => {
  language = chooser.value;
  speak();
});
speak();
follow();
