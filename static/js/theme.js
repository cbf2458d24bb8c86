// Runs before the first paint, so that neither the theme nor the way times are shown flickers. Nothing else belongs here.
(function () {
  "use strict";
  const root = document.documentElement;
  const stored = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // storage is switched off: the system's theme is used
    }
  };
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  root.classList.add("js");
  root.dataset.theme = stored("petra-theme") || (dark ? "dark" : "light");
  root.dataset.times = stored("petra-times") || "relative";
})();
