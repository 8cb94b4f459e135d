// Before the first paint: "auto" follows the system, and the page never flashes in the other theme.
(function () {
  const root = document.documentElement;
  root.dataset.script = "yes"; // what only a script can do is shown from here on
  if (root.dataset.theme !== "auto") return;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = () => root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  follow();
  dark.addEventListener("change", follow);
})();
