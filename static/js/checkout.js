// Stripe's payment form, and the update of waiting pages once the server has received the payment.

const POLL_INTERVAL_MS = 3000;

/** Confirm the payment at Stripe; return the error to show, also when Stripe cannot be reached. */
async function confirmPayment(stripe, elements, form) {
  try {
    const result = await stripe.confirmPayment({ elements, confirmParams: { return_url: form.dataset.return } });
    return result.error.message;
  } catch {
    return form.dataset.failed;
  }
}

/** Mount Stripe's Payment Element, which sends the card's data directly to Stripe. */
function mountStripeForm(form) {
  const stripe = window.Stripe(form.dataset.key);
  const elements = stripe.elements({ clientSecret: form.dataset.secret });
  elements.create("payment").mount(form.querySelector("[data-stripe-element]"));
  const error = form.querySelector("[data-stripe-error]");
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    error.hidden = true;
    // After a successful payment, the browser navigates to the order's page before this returns.
    error.textContent = await confirmPayment(stripe, elements, form);
    error.hidden = false;
    button.disabled = false;
  });
  // Going back from the bank's page may restore this page with the button still disabled.
  window.addEventListener("pageshow", () => {
    button.disabled = false;
  });
}

/** Reload the order's part of the page until the payment arrives; the WebSocket is usually faster. */
function pollOrder() {
  const waiting = document.querySelector("[data-waiting]");
  if (!waiting) return;
  setTimeout(async () => {
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" } });
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById(waiting.id);
      if (response.ok && fresh) document.getElementById(waiting.id).replaceWith(fresh);
    } catch {
      // The next poll tries again.
    }
    pollOrder();
  }, POLL_INTERVAL_MS);
}

function continueToOrder() {
  const link = document.querySelector("[data-move-on]");
  if (link) location.assign(link.href);
}

const form = document.querySelector("[data-stripe]");
if (form && window.Stripe) mountStripeForm(form);
new MutationObserver(continueToOrder).observe(document.getElementById("main"), { childList: true, subtree: true });
continueToOrder();
pollOrder();
