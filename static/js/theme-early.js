// Before the first paint: apply the stored color scheme, and set data-js for the stylesheets.
(function () {
  var root = document.documentElement;
  root.dataset.js = "";
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch (error) {
    // Storage is unavailable; the color scheme of the system applies.
  }
})();
