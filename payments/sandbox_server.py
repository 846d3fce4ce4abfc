"""The Stripe of a development start: `python -m payments.sandbox_server --port 8420 --store FILE`.

`localstripe` on this machine only, with what it lacks of what this site relies on: idempotency keys, another card after
a declined one, refunds that stay within the payment and are announced by events, a store of its own for each data
folder. For tests `/_config/faults` makes it slow, or careless. It is a process of its own; the site never imports this
module.
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
# For tests. `delay`: seconds before it does what it is asked; `hold`: seconds between a payment and its answer;
# `careless`: give back more than was paid.
faults: dict[str, float] = {"delay": 0.0, "hold": 0.0, "careless": 0.0}
replies: dict[tuple[str, str], tuple[int, bytes]] = {}
watching: list[asyncio.Task[None]] = []
locks: dict[tuple[str, str], asyncio.Lock] = {}


@web.middleware
async def idempotent(request: web.Request, handler: Any) -> web.StreamResponse:
    """Give a repeated request with the same `Idempotency-Key` the first answer; two at once wait for each other."""
    if request.path.startswith("/v1/") and faults["delay"]:
        await asyncio.sleep(faults["delay"])
    key = request.headers.get("Idempotency-Key")
    if request.method != "POST" or not key:
        return await handler(request)
    name = (request.path, key)
    async with locks.setdefault(name, asyncio.Lock()):
        if name not in replies:
            answer = await handler(request)
            replies[name] = (answer.status, answer.body)
        status, body = replies[name]
        return web.Response(status=status, body=body, content_type="application/json")


async def set_faults(request: web.Request) -> web.Response:
    """Take what is to go wrong from now on; what is not named goes well."""
    wanted = json.loads(await request.text())
    faults.update({name: float(wanted.get(name, 0)) for name in faults})
    return web.Response()


@web.middleware
async def late_answers(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer a payment late: it is made, and whoever asked for it does not know yet."""
    answer: web.StreamResponse = await handler(request)
    if request.path.endswith("/confirm"):
        await asyncio.sleep(faults["hold"])
    return answer


async def forget_webhooks(request: web.Request) -> web.Response:
    """Forget every webhook, as when the network between Stripe and us is down."""
    webhooks._webhooks.clear()
    return web.Response()


def let_another_card_pay() -> None:
    """Let a PaymentIntent whose card was declined take another one, as Stripe does."""
    update = resources.PaymentIntent._update

    def with_another_card(self: Any, **data: Any) -> None:
        failed = self.latest_charge is not None and self.latest_charge.status == "failed"
        if "payment_method" in data:
            self.next_action = None
            if failed:
                self.latest_charge = None
        update(self, **data)

    resources.PaymentIntent._update = with_another_card


def choose_methods_by_itself() -> None:
    """Take what the site asks for with real keys: methods that Stripe chooses, which are cards here, and a text."""
    make = resources.PaymentIntent.__init__

    def with_cards(self: Any, automatic_payment_methods: Any = None, description: Any = None, **data: Any) -> None:
        make(self, **data | ({"payment_method_types": ["card"]} if automatic_payment_methods else {}))
        self.description = description

    resources.PaymentIntent.__init__ = with_cards


def keep_refunds_within_the_payment() -> None:
    """Refuse a refund beyond what is left, and announce each that is made, as Stripe does."""
    make = resources.Refund.__init__

    def checked(self: Any, charge: Any = None, payment_intent: Any = None, amount: Any = None, **rest: Any) -> None:
        intent = resources.PaymentIntent._api_retrieve(payment_intent) if payment_intent else None
        paid = resources.Charge._api_retrieve(charge) if charge else intent.latest_charge  # type: ignore[union-attr]  # one of both is given
        left = paid.amount - paid.amount_refunded
        wanted = int(amount) if amount is not None else left
        if (wanted > left or left == 0) and not faults["careless"]:
            raise UserError(400, "Refund amount is greater than unrefunded amount on charge")
        make(self, charge=charge, payment_intent=payment_intent, amount=wanted, **rest)
        webhooks.schedule_webhook(resources.Event("refund.created", self))
        webhooks.schedule_webhook(resources.Event("charge.refunded", paid))

    resources.Refund.__init__ = checked


def keep_store_in(path: Path | None) -> Any:
    """Keep everything in the file at `path`, loading what is there; in memory alone without one."""
    resources.Store.dump_to_disk = lambda self: None
    if path is not None and path.exists():
        resources.store.update(pickle.loads(path.read_bytes()))  # noqa: S301  # written by ourselves, beside the data

    @web.middleware
    async def write(request: web.Request, handler: Any) -> Any:
        answer = await handler(request)
        if path is not None and request.method in ("POST", "DELETE"):
            path.write_bytes(pickle.dumps(dict(resources.store)))
        return answer

    return write


async def end_with(parent: int) -> None:
    """End once the process that started us has: killed, it cannot end us, and the port would stay taken."""
    while os.getppid() == parent:
        await asyncio.sleep(1)
    os._exit(0)  # everything is in the store already


def application(store: Path | None, delay: float) -> web.Application:
    """Return localstripe with our additions around it."""
    let_another_card_pay()
    choose_methods_by_itself()
    keep_refunds_within_the_payment()
    # It waits a second before each event; tests need not.
    webhooks.asyncio = SimpleNamespace(sleep=lambda _second: asyncio.sleep(delay), ensure_future=asyncio.ensure_future)
    app: web.Application = server.app
    app.middlewares.insert(0, idempotent)
    app.middlewares.insert(0, late_answers)
    app.middlewares.append(keep_store_in(store))
    app.router.add_post("/_config/faults", set_faults)
    app.router.add_delete("/_config/webhooks", forget_webhooks)
    return app


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8420)
    parser.add_argument("--store", type=Path, default=None)
    parser.add_argument("--event-delay", type=float, default=1.0)
    parser.add_argument("--parent", type=int, default=0, help="end when this process does")
    options = parser.parse_args()
    app = application(options.store, options.event_delay)

    async def watch(_app: web.Application) -> None:
        watching.append(asyncio.create_task(end_with(options.parent)))

    if options.parent:
        app.on_startup.append(watch)
    web.run_app(app, host=HOST, port=options.port, access_log=None, shutdown_timeout=1, print=lambda *_texts: None)


if __name__ == "__main__":
    main()
