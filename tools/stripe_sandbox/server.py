"""The Stripe sandbox of development: `python -m tools.stripe_sandbox.server --port 8420 --store FILE`.

It is `localstripe`, bound to this machine, with features of Stripe that it lacks and the site needs: idempotency keys,
another card after a declined one, refunds limited to the payment with their events, and a store for each data folder.
Tests make it slow or careless through `/_config/faults`. It runs in its own process; the site never imports it.
"""

import argparse
import asyncio
import json
import os
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from aiohttp import web
from localstripe import resources, server, webhooks
from localstripe.errors import UserError

HOST = "127.0.0.1"
# For tests. `delay`: seconds before a request is handled; `hold`: seconds between a payment and the response;
# `careless`: refund more than was paid.
faults: dict[str, float] = {"delay": 0.0, "hold": 0.0, "careless": 0.0}
replies: dict[tuple[str, str], tuple[int, bytes]] = {}
watchers: list[asyncio.Task[None]] = []
locks: dict[tuple[str, str], asyncio.Lock] = {}


@web.middleware
async def idempotent(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer repeated requests with the same `Idempotency-Key` with the first response, also concurrent ones."""
    if request.path.startswith("/v1/") and faults["delay"]:
        await asyncio.sleep(faults["delay"])
    key = request.headers.get("Idempotency-Key")
    if request.method != "POST" or not key:
        return await handler(request)
    name = (request.path, key)
    async with locks.setdefault(name, asyncio.Lock()):
        if name not in replies:
            response = await handler(request)
            replies[name] = (response.status, response.body)
        status, body = replies[name]
        return web.Response(status=status, body=body, content_type="application/json")


async def set_faults(request: web.Request) -> web.Response:
    """Set the faults of the request body; all others are reset."""
    wanted = json.loads(await request.text())
    faults.update({name: float(wanted.get(name, 0)) for name in faults})
    return web.Response()


@web.middleware
async def late_responses(request: web.Request, handler: Any) -> web.StreamResponse:
    """Delay the response to a payment that has been made already."""
    response: web.StreamResponse = await handler(request)
    if request.path.endswith("/confirm"):
        await asyncio.sleep(faults["hold"])
    return response


async def forget_webhooks(request: web.Request) -> web.Response:
    """Delete all webhooks, as if the network between Stripe and the site were down."""
    webhooks._webhooks.clear()
    return web.Response()


def allow_card_after_decline() -> None:
    """Allow another card for a PaymentIntent whose card was declined, as Stripe does."""
    update = resources.PaymentIntent._update

    def update_with_another_card(self: Any, **data: Any) -> None:
        failed = self.latest_charge is not None and self.latest_charge.status == "failed"
        if "payment_method" in data:
            self.next_action = None
            if failed:
                self.latest_charge = None
        update(self, **data)

    resources.PaymentIntent._update = update_with_another_card


def accept_automatic_payment_methods() -> None:
    """Accept `automatic_payment_methods`, which are cards here, and `description`, as the site sends to Stripe."""
    make = resources.PaymentIntent.__init__

    def with_cards(self: Any, automatic_payment_methods: Any = None, description: Any = None, **data: Any) -> None:
        make(self, **data | ({"payment_method_types": ["card"]} if automatic_payment_methods else {}))
        self.description = description

    resources.PaymentIntent.__init__ = with_cards


def limit_refunds() -> None:
    """Refuse refunds above the rest of the payment, and send the events of a refund, as Stripe does."""
    make = resources.Refund.__init__

    def checked(self: Any, charge: Any = None, payment_intent: Any = None, amount: Any = None, **rest: Any) -> None:
        intent = resources.PaymentIntent._api_retrieve(payment_intent) if payment_intent else None
        paid = resources.Charge._api_retrieve(charge) if charge else intent.latest_charge  # type: ignore[union-attr]  # either argument is given
        left = paid.amount - paid.amount_refunded
        wanted = int(amount) if amount is not None else left
        if (wanted > left or left == 0) and not faults["careless"]:
            raise UserError(400, "Refund amount is greater than unrefunded amount on charge")
        make(self, charge=charge, payment_intent=payment_intent, amount=wanted, **rest)
        webhooks.schedule_webhook(resources.Event("refund.created", self))
        webhooks.schedule_webhook(resources.Event("charge.refunded", paid))

    resources.Refund.__init__ = checked


def persist_store(path: Path | None) -> Any:
    """Load the store from the file at `path` and return a middleware that saves it; without a path, use memory only."""
    resources.Store.dump_to_disk = lambda self: None
    if path is not None and path.exists():
        resources.store.update(pickle.loads(path.read_bytes()))  # noqa: S301  # a file of the data folder, written below

    @web.middleware
    async def save(request: web.Request, handler: Any) -> Any:
        response = await handler(request)
        if path is not None and request.method in ("POST", "DELETE"):
            path.write_bytes(pickle.dumps(dict(resources.store)))
        return response

    return save


async def exit_with(parent: int) -> None:
    """Exit when the parent process has ended, also if it was killed; otherwise the port would stay in use."""
    while os.getppid() == parent:
        await asyncio.sleep(1)
    os._exit(0)  # the store is saved already


def application(store: Path | None, delay: float) -> web.Application:
    """Return the application of localstripe with the additions of this module."""
    allow_card_after_decline()
    accept_automatic_payment_methods()
    limit_refunds()
    # localstripe waits a second before each event; tests set a shorter delay.
    webhooks.asyncio = SimpleNamespace(sleep=lambda _second: asyncio.sleep(delay), ensure_future=asyncio.ensure_future)
    app: web.Application = server.app
    app.middlewares.insert(0, idempotent)
    app.middlewares.insert(0, late_responses)
    app.middlewares.append(persist_store(store))
    app.router.add_post("/_config/faults", set_faults)
    app.router.add_delete("/_config/webhooks", forget_webhooks)
    return app


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8420)
    parser.add_argument("--store", type=Path, default=None)
    parser.add_argument("--event-delay", type=float, default=1.0)
    parser.add_argument("--parent", type=int, default=0, help="exit when the process with this id ends")
    options = parser.parse_args()
    app = application(options.store, options.event_delay)

    async def watch(_app: web.Application) -> None:
        watchers.append(asyncio.create_task(exit_with(options.parent)))

    if options.parent:
        app.on_startup.append(watch)
    web.run_app(app, host=HOST, port=options.port, access_log=None, shutdown_timeout=1, print=lambda *_texts: None)


if __name__ == "__main__":
    main()
