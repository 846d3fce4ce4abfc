// The button that shows the typed password. Without scripts it stays hidden.

const button = document.querySelector("[data-show-password]");
const password = document.getElementById(button.getAttribute("aria-controls"));

function show(isShown) {
  password.type = isShown ? "text" : "password";
  button.setAttribute("aria-pressed", String(isShown));
}

button.addEventListener("click", () => show(password.type === "password"));
// Browsers would remember a shown password like any other text.
button.form.addEventListener("submit", () => show(false));
button.hidden = false;
