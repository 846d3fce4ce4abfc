// Upload forms with a progress bar, a cancel button, and errors that do not lose the chosen files. Without scripts they
// are plain forms.

import { release } from "./form-guard.js";

function findControls(form) {
  return {
    bar: form.querySelector("[data-upload-bar]"),
    meter: form.querySelector("[data-upload-bar] progress"),
    percent: form.querySelector("[data-upload-percent]"),
    state: form.querySelector("[data-upload-state]"),
    cancel: form.querySelector("[data-upload-cancel]"),
  };
}

function cloneTemplate(form, name) {
  return form.querySelector(`template[data-upload-${name}]`).content.cloneNode(true).firstElementChild;
}

function fileFields(form) {
  return [...form.querySelectorAll('input[type="file"]')];
}

function goTo(address) {
  const url = new URL(address, location.href);
  const isSamePage = url.pathname === location.pathname && url.search === location.search;
  location.assign(url);
  if (isSamePage) location.reload();
}

/** Return the server's errors, or the form's default message if the response has none, such as a proxy's. */
function readErrors(request, form) {
  try {
    return JSON.parse(request.responseText).errors.map(({ detail, attr }) => ({ detail, attr }));
  } catch {
    return [{ detail: form.dataset.failed, attr: null }];
  }
}

function clearErrors(form) {
  document.querySelector("main .error-summary")?.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    document.getElementById(`${field.id}_error`)?.remove();
  }
}

function showBeside(form, field, detail) {
  const error = cloneTemplate(form, "error");
  error.id = `${field.id}_error`;
  error.querySelector("span").textContent = detail;
  field.after(error);
  field.setAttribute("aria-invalid", "true");
  const described = new Set([error.id, ...(field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean)]);
  field.setAttribute("aria-describedby", [...described].join(" "));
}

function makeErrorLine(field, detail) {
  const line = document.createElement("li");
  if (field) {
    const link = document.createElement("a");
    link.href = `#${field.id}`;
    link.textContent = field.labels[0].firstChild.textContent.trim();
    line.append(link, ": ");
  }
  line.append(detail);
  return line;
}

/** Show a focused summary of the errors above the form, and each error beside its field, like the server's pages. */
function showErrors(form, errors) {
  const summary = cloneTemplate(form, "summary");
  for (const { detail, attr } of errors) {
    const field = attr ? form.elements[attr] : null;
    summary.querySelector("ul").append(makeErrorLine(field, detail));
    if (field) showBeside(form, field, detail);
  }
  form.before(summary);
  summary.focus();
}

function setBusy(form, isBusy) {
  form.toggleAttribute("data-uploading", isBusy);
  findControls(form).bar.hidden = !isBusy;
  for (const button of form.querySelectorAll('button:not([type="button"])')) button.disabled = isBusy;
  if (!isBusy) release(form);
}

function fail(form, errors) {
  setBusy(form, false);
  findControls(form).state.textContent = "";
  showErrors(form, errors);
}

function upload(form, submitter) {
  const { meter, percent, state, cancel } = findControls(form);
  const request = new XMLHttpRequest();
  const show = (value) => {
    meter.value = value;
    percent.textContent = `${value}%`;
  };
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) show(Math.floor((100 * event.loaded) / event.total));
  });
  request.upload.addEventListener("load", () => {
    show(100);
    state.textContent = form.dataset.done;
  });
  request.addEventListener("load", () => {
    if (request.status < 400 && request.getResponseHeader("Content-Type")?.startsWith("application/json")) {
      form.dispatchEvent(new CustomEvent("uploaded"));
      form.removeAttribute("data-uploading"); // otherwise "beforeunload" asks for confirmation
      goTo(JSON.parse(request.responseText).location);
      return;
    }
    fail(form, readErrors(request, form));
  });
  for (const ending of ["error", "timeout"]) {
    request.addEventListener(ending, () => fail(form, [{ detail: form.dataset.failed, attr: null }]));
  }
  request.addEventListener("abort", () => {
    setBusy(form, false);
    state.textContent = form.dataset.failed;
  });
  cancel.onclick = () => request.abort();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  const body = new FormData(form, submitter);
  clearErrors(form);
  setBusy(form, true);
  show(0);
  state.textContent = "";
  request.send(body);
}

function removeFile(field, removed) {
  const left = new DataTransfer();
  for (const file of field.files) if (file !== removed) left.items.add(file);
  field.files = left.files;
  listFiles(field);
  field.focus();
}

/** List the chosen files of a multiple-file field, each with a button to remove it. */
function listFiles(field) {
  const form = field.form;
  field.parentElement.querySelector("[data-chosen]")?.remove();
  if (!field.multiple || !field.files.length) return;
  const list = document.createElement("ul");
  list.className = "file-list";
  list.dataset.chosen = "";
  for (const file of field.files) {
    const line = cloneTemplate(form, "chosen");
    line.querySelector(".name").textContent = file.name;
    line.querySelector(".quiet-text").textContent = ` ${file.name}`;
    line.querySelector("button").addEventListener("click", () => removeFile(field, file));
    list.append(line);
  }
  field.parentElement.append(list);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("[data-upload]")) return;
  if (!fileFields(form).some((field) => field.files.length > 0)) return;
  event.preventDefault();
  if (!form.hasAttribute("data-uploading")) upload(form, event.submitter);
});

document.addEventListener("change", ({ target }) => {
  if (target.matches('[data-upload] input[type="file"]')) listFiles(target);
});

window.addEventListener("beforeunload", (event) => {
  if (document.querySelector("[data-uploading]")) event.preventDefault();
});

// The browser may restore the page on "back", with its buttons disabled and its files chosen.
window.addEventListener("pageshow", ({ persisted }) => {
  for (const form of document.querySelectorAll("form[data-upload]")) {
    if (persisted || !form.hasAttribute("data-uploading")) setBusy(form, false);
    fileFields(form).forEach(listFiles);
  }
});
