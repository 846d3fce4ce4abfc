// Remove empty filters from the catalog's URL, so that shared links are short.

const form = document.getElementById("filters");

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt !== form) return;
  for (const [name, value] of [...detail.formData]) {
    if (value === "") detail.formData.delete(name);
  }
});
