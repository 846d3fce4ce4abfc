// Saves answers as they are given. Each is kept in this browser at once, sent a moment later, and forgotten here when
// the server has acknowledged it. One timer sends again: soon after a lost connection, slower the longer it lasts.

import { isSame } from "./quiz-answers.js";
import { forget, keep, kept } from "./quiz-kept.js";

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;
const TIMEOUT_MS = 15_000;
const KEEPALIVE_BYTES = 30_000;
const LEAVING_MS = 10_000;
const CLOSED = new Set(["attempt_closed", "time_over"]);
const LOGGED_OUT = new Set([401, 403]);
const ON = "on";
const LATER = "later";
const STOP = "stop";

export class Saving {
  #timer = 0;
  #retryMs = FIRST_RETRY_MS;
  #sending = null;
  #isBackingOff = false;
  #isOver = false;
  #needsToken = false;
  #leavingUntil = 0;

  /** `tell` is what the page does about each outcome; `acknowledged` holds the last number of each question. */
  constructor({ attempt, url, token, tell, acknowledged }) {
    Object.assign(this, { attempt, url, token, tell, acknowledged });
  }

  /** Keeps an answer, and sends it after `wait` milliseconds unless another comes before. */
  put(id, answer, about, wait) {
    this.#leavingUntil = 0;
    const seq = Math.max(this.acknowledged.get(id) ?? 0, kept(this.attempt).get(id)?.seq ?? 0) + 1;
    keep(this.attempt, id, { answer, seq, ...about });
    if (!this.#isBackingOff) this.#schedule(wait);
  }

  /** Returns the ids and entries that are still to be acknowledged. */
  waiting() {
    return [...kept(this.attempt)].filter(([, entry]) => !entry.refused);
  }

  /** Sends what waits, now; returns whether everything is acknowledged. */
  async flush() {
    clearTimeout(this.#timer);
    this.#isBackingOff = false;
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
    });
    await this.#sending;
    return this.waiting().length === 0;
  }

  /** Sends what waits without the wait that had grown long: the connection, or the person, is back. */
  again() {
    this.#leavingUntil = 0;
    this.#retryMs = FIRST_RETRY_MS;
    return this.flush();
  }

  /**
   * The page may be about to go. The page that comes may have been written before an answer arrived which this one
   * still hears of: what is acknowledged for a while is therefore kept, and sent again, which changes nothing.
   */
  leave() {
    this.#leavingUntil = Date.now() + LEAVING_MS;
  }

  #schedule(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), wait);
  }

  async #send() {
    let outcome = ON;
    let after = 0;
    while (outcome === ON && !this.#isOver) {
      const [next] = this.waiting();
      if (!next) break;
      ({ outcome, after = 0 } = await this.#sendOne(...next));
    }
    this.#isOver ||= outcome === STOP;
    if (outcome === LATER) this.#sendLater(after);
  }

  #sendLater(after) {
    this.#isBackingOff = true;
    this.#schedule(Math.max(this.#retryMs, after * 1000));
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  async #sendOne(id, entry) {
    try {
      if (this.#needsToken) await this.#takeToken();
      const save = { answers: { [id]: entry.answer }, seq: entry.seq };
      return await this.#answered(id, entry, await this.request("PUT", this.url, save));
    } catch {
      this.tell.offline();
      return { outcome: LATER };
    }
  }

  request(method, url, body) {
    const sent = body && JSON.stringify(body);
    return fetch(url, {
      method,
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
      body: sent,
      keepalive: Boolean(sent) && sent.length < KEEPALIVE_BYTES,
      signal: AbortSignal.timeout?.(TIMEOUT_MS), // an older browser waits as long as it likes
    });
  }

  /** A login in another tab has given this browser another token; this page's address has it. */
  async #takeToken() {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    const input = page.querySelector(`[data-quiz="${this.attempt}"] [name=csrfmiddlewaretoken]`);
    if (input) this.token = input.value;
  }

  async #answered(id, entry, response) {
    const body = await response.json().catch(() => ({}));
    const code = body.errors?.[0]?.code;
    if (response.ok) return this.#acknowledge(id, entry, body);
    if (code === "stale_answer" && body.current?.[id]) return this.#giveWay(id, body.current[id]);
    if (CLOSED.has(code)) {
      this.tell.closed();
      return { outcome: STOP };
    }
    this.#needsToken = LOGGED_OUT.has(response.status) || response.status === 404;
    if (LOGGED_OUT.has(response.status)) this.tell.loggedOut();
    else if (response.status === 404) this.tell.gone();
    else if (response.status >= 500 || response.status === 429) this.tell.trouble();
    else return this.#refuse(id, entry);
    return { outcome: LATER, after: Number(response.headers.get("Retry-After")) || 0 };
  }

  #acknowledge(id, { seq, answer }, saved) {
    this.#retryMs = FIRST_RETRY_MS;
    this.#needsToken = false;
    if (Date.now() < this.#leavingUntil) return { outcome: LATER };
    this.acknowledged.set(id, seq);
    if (kept(this.attempt).get(id)?.seq === seq) forget(this.attempt, id);
    this.tell.saved(id, saved, answer, kept(this.attempt).has(id));
    return { outcome: ON };
  }

  /** Another window knows better; what was given here is offered, not lost. */
  #giveWay(id, current) {
    const mine = kept(this.attempt).get(id);
    this.acknowledged.set(id, current.seq ?? 0);
    forget(this.attempt, id);
    this.tell.newer(id, current, mine && !isSame(mine.answer, current.answer) ? mine : null);
    return { outcome: ON };
  }

  #refuse(id, entry) {
    if (kept(this.attempt).get(id)?.seq === entry.seq) keep(this.attempt, id, { ...entry, refused: true });
    this.tell.refused(id);
    return { outcome: ON };
  }
}
