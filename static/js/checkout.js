// Paying: Stripe's form where there is one, and moving on once the server has seen the payment.

const LOOK_AGAIN_MS = 3000;

/** Ask Stripe to confirm the payment; return why it was refused, or that Stripe could not be reached. */
async function refusalOf(stripe, elements, form) {
  try {
    const answer = await stripe.confirmPayment({ elements, confirmParams: { return_url: form.dataset.return } });
    return answer.error.message;
  } catch {
    return form.dataset.failed;
  }
}

/** Show Stripe's Payment Element, and send what it asks for straight to Stripe. */
function showStripeForm(form) {
  const stripe = window.Stripe(form.dataset.key);
  const elements = stripe.elements({ clientSecret: form.dataset.secret });
  elements.create("payment").mount(form.querySelector("[data-stripe-element]"));
  const error = form.querySelector("[data-stripe-error]");
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    error.hidden = true;
    // When the payment succeeds, the browser leaves for the order's page before this returns.
    error.textContent = await refusalOf(stripe, elements, form);
    error.hidden = false;
    button.disabled = false;
  });
  // The browser may restore this page on "back" from the bank's page, with the button as it was.
  window.addEventListener("pageshow", () => {
    button.disabled = false;
  });
}

/** Take the order's part of the page anew until it no longer waits; the socket is mostly quicker. */
function lookAgain() {
  const waiting = document.querySelector("[data-waiting]");
  if (!waiting) return;
  setTimeout(async () => {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(waiting.id);
      if (answer.ok && fresh) document.getElementById(waiting.id).replaceWith(fresh);
    } catch {
      // The next look is soon enough.
    }
    lookAgain();
  }, LOOK_AGAIN_MS);
}

function moveOn() {
  const link = document.querySelector("[data-move-on]");
  if (link) location.assign(link.href);
}

const form = document.querySelector("[data-stripe]");
if (form && window.Stripe) showStripeForm(form);
new MutationObserver(moveOn).observe(document.getElementById("main"), { childList: true, subtree: true });
moveOn();
lookAgain();
