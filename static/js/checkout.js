// Paying: Stripe's form where there is one, and moving on once the server has seen the payment.

const LOOK_AGAIN_MS = 3000;

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
    const answer = await stripe.confirmPayment({ elements, confirmParams: { return_url: form.dataset.return } });
    // Only reached when the payment did not go through: otherwise the browser is on its way to the order's page.
    error.textContent = answer.error.message;
    error.hidden = false;
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
