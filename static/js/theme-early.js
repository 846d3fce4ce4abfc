// Before the first paint: the colours that were chosen in this browser, and word to the stylesheets that scripts run.
(function () {
  var root = document.documentElement;
  root.dataset.js = "";
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch (error) {
    // Storage is closed to us: the system's colours it is.
  }
})();
