// Forms that are submitted once (data-once): further clicks have no effect until the form is released.

// If the page still exists after this time, the response did not replace it (204, a download) or the user stopped the
// navigation. There is no event for either.
const HOLD_MS = 15_000;

/** Mark a form as submitted; return false if it already was. */
export function hold(form, submitter) {
  if (form.dataset.sent) return false;
  form.dataset.sent = "yes";
  submitter?.setAttribute("aria-busy", "true");
  setTimeout(() => release(form), HOLD_MS);
  return true;
}

/** Allow a form to be submitted again. */
export function release(form) {
  delete form.dataset.sent;
  for (const control of form.elements) control.removeAttribute("aria-busy");
}

export function releaseAll() {
  for (const form of document.querySelectorAll("form[data-sent]")) release(form);
}
