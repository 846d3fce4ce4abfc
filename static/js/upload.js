// Forms that upload: shows how much is sent, and lets one stop it. Without a script they are plain forms.

function parts(form) {
  return {
    bar: form.querySelector("[data-upload-bar]"),
    meter: form.querySelector("[data-upload-bar] progress"),
    percent: form.querySelector("[data-upload-percent]"),
    state: form.querySelector("[data-upload-state]"),
    cancel: form.querySelector("[data-upload-cancel]"),
  };
}

function hasFile(form) {
  return [...form.querySelectorAll('input[type="file"]')].some((field) => field.files.length > 0);
}

function goTo(address) {
  const there = new URL(address, location.href);
  const isHere = there.pathname === location.pathname && there.search === location.search;
  location.assign(there);
  if (isHere) location.reload();
}

/** What went wrong, in the server's words where it has some. */
function reasonOf(request, form) {
  try {
    const answer = JSON.parse(request.responseText);
    return answer.errors.map((error) => error.detail).join(" ");
  } catch {
    return form.dataset.failed;
  }
}

function finish(form, busy) {
  form.toggleAttribute("data-uploading", busy);
  parts(form).bar.hidden = !busy;
  for (const button of form.querySelectorAll('button:not([type="button"])')) button.disabled = busy;
}

function upload(form, submitter) {
  const { meter, percent, state, cancel } = parts(form);
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
      goTo(JSON.parse(request.responseText).location);
      return;
    }
    finish(form, false);
    state.textContent = reasonOf(request, form);
  });
  for (const ending of ["error", "abort", "timeout"]) {
    request.addEventListener(ending, () => {
      finish(form, false);
      state.textContent = form.dataset.failed;
    });
  }
  cancel.onclick = () => request.abort();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  const body = new FormData(form, submitter);
  finish(form, true);
  show(0);
  state.textContent = "";
  request.send(body);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("[data-upload]") || !hasFile(form)) return;
  event.preventDefault();
  if (!form.hasAttribute("data-uploading")) upload(form, event.submitter);
});

window.addEventListener("beforeunload", (event) => {
  if (document.querySelector("[data-uploading]")) event.preventDefault();
});
