// The catalogue's address names only the filters that are on, so that it reads well when somebody passes it on.

const form = document.getElementById("filters");

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt !== form) return;
  for (const [name, value] of [...detail.formData]) {
    if (value === "") detail.formData.delete(name);
  }
});
