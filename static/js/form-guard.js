// Forms that are sent once (data-once): a second press does nothing until the form is released.

// If the page is still here after this long, the answer kept it (204, a download) or the person stopped the navigation.
// No event reports either.
const HOLD_MS = 15_000;

/** Mark a form as sent; return false if it already was. */
export function hold(form, submitter) {
  if (form.dataset.sent) return false;
  form.dataset.sent = "yes";
  submitter?.setAttribute("aria-busy", "true");
  setTimeout(() => release(form), HOLD_MS);
  return true;
}

/** Let a form be sent again. */
export function release(form) {
  delete form.dataset.sent;
  for (const control of form.elements) control.removeAttribute("aria-busy");
}

export function releaseAll() {
  for (const form of document.querySelectorAll("form[data-sent]")) release(form);
}
