// Saves answers automatically. Each answer is stored in this browser at once, sent a moment later, and removed from the
// storage when the server acknowledges it. After an error one timer retries with increasing delays.

import { isSame } from "./quiz-answers.js";
import { loadEntries, removeEntry, storeEntry } from "./quiz-storage.js";

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;
const TIMEOUT_MS = 15_000;
const KEEPALIVE_BYTES = 30_000;
const LEAVING_MS = 10_000;
const CLOSED = new Set(["attempt_closed", "time_over"]);
const LOGGED_OUT = new Set([401, 403]);
const CONTINUE = "continue";
const RETRY = "retry";
const STOP = "stop";

export class Saving {
  #timer = 0;
  #retryMs = FIRST_RETRY_MS;
  #sending = null;
  #isBackingOff = false;
  #isOver = false;
  #needsToken = false;
  #leavingUntil = 0;

  /** `handlers` are the page's callbacks for each outcome; `acknowledged` is the last saved number of each question. */
  constructor({ attempt, url, token, handlers, acknowledged }) {
    Object.assign(this, { attempt, url, token, handlers, acknowledged });
  }

  /** Store an answer, and send it after `wait` milliseconds unless another answer follows before. */
  put(id, answer, about, wait) {
    this.#leavingUntil = 0;
    const seq = Math.max(this.acknowledged.get(id) ?? 0, loadEntries(this.attempt).get(id)?.seq ?? 0) + 1;
    storeEntry(this.attempt, id, { answer, seq, ...about });
    if (!this.#isBackingOff) this.#schedule(wait);
  }

  /** Return the ids and entries that are not acknowledged yet. */
  waiting() {
    return [...loadEntries(this.attempt)].filter(([, entry]) => !entry.refused);
  }

  /** Send all waiting answers now; return whether all are acknowledged. */
  async flush() {
    clearTimeout(this.#timer);
    this.#isBackingOff = false;
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
    });
    await this.#sending;
    return this.waiting().length === 0;
  }

  /** Send all waiting answers and reset the retry delay, after the connection or the user is back. */
  retryNow() {
    this.#leavingUntil = 0;
    this.#retryMs = FIRST_RETRY_MS;
    return this.flush();
  }

  /**
   * Prepare for leaving the page. The server may render the next page before a save arrives whose acknowledgment this
   * page still receives. Answers acknowledged within LEAVING_MS stay stored; sending them again has no effect.
   */
  prepareToLeave() {
    this.#leavingUntil = Date.now() + LEAVING_MS;
  }

  #schedule(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), wait);
  }

  async #send() {
    let outcome = CONTINUE;
    let after = 0;
    while (outcome === CONTINUE && !this.#isOver) {
      const [next] = this.waiting();
      if (!next) break;
      ({ outcome, after = 0 } = await this.#sendOne(...next));
    }
    this.#isOver ||= outcome === STOP;
    if (outcome === RETRY) this.#scheduleRetry(after);
  }

  #scheduleRetry(after) {
    this.#isBackingOff = true;
    this.#schedule(Math.max(this.#retryMs, after * 1000));
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  async #sendOne(id, entry) {
    try {
      if (this.#needsToken) await this.#refreshToken();
      const save = { answers: { [id]: entry.answer }, seq: entry.seq };
      return await this.#handleResponse(id, entry, await this.request("PUT", this.url, save));
    } catch {
      this.handlers.offline();
      return { outcome: RETRY };
    }
  }

  request(method, url, body) {
    const sent = body && JSON.stringify(body);
    return fetch(url, {
      method,
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
      body: sent,
      keepalive: Boolean(sent) && sent.length < KEEPALIVE_BYTES,
      signal: AbortSignal.timeout?.(TIMEOUT_MS), // older browsers have no timeout
    });
  }

  /** Load the CSRF token from this page's URL: a login in another tab replaced it. */
  async #refreshToken() {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    const input = page.querySelector(`[data-quiz="${this.attempt}"] [name=csrfmiddlewaretoken]`);
    if (input) this.token = input.value;
  }

  async #handleResponse(id, entry, response) {
    const body = await response.json().catch(() => ({}));
    const code = body.errors?.[0]?.code;
    if (response.ok) return this.#acknowledge(id, entry, body);
    if (code === "stale_answer" && body.current?.[id]) return this.#acceptNewer(id, body.current[id]);
    if (CLOSED.has(code)) {
      this.handlers.closed();
      return { outcome: STOP };
    }
    this.#needsToken = LOGGED_OUT.has(response.status) || response.status === 404;
    if (LOGGED_OUT.has(response.status)) this.handlers.loggedOut();
    else if (response.status === 404) this.handlers.gone();
    else if (response.status >= 500 || response.status === 429) this.handlers.trouble();
    else return this.#markRefused(id, entry);
    return { outcome: RETRY, after: Number(response.headers.get("Retry-After")) || 0 };
  }

  #acknowledge(id, { seq, answer }, saved) {
    this.#retryMs = FIRST_RETRY_MS;
    this.#needsToken = false;
    if (Date.now() < this.#leavingUntil) return { outcome: RETRY };
    this.acknowledged.set(id, seq);
    if (loadEntries(this.attempt).get(id)?.seq === seq) removeEntry(this.attempt, id);
    this.handlers.saved(id, saved, answer, loadEntries(this.attempt).has(id));
    return { outcome: CONTINUE };
  }

  /** Show the newer answer of another window, and offer the answer of this one. */
  #acceptNewer(id, current) {
    const mine = loadEntries(this.attempt).get(id);
    this.acknowledged.set(id, current.seq ?? 0);
    removeEntry(this.attempt, id);
    this.handlers.newer(id, current, mine && !isSame(mine.answer, current.answer) ? mine : null);
    return { outcome: CONTINUE };
  }

  #markRefused(id, entry) {
    if (loadEntries(this.attempt).get(id)?.seq === entry.seq) storeEntry(this.attempt, id, { ...entry, refused: true });
    this.handlers.refused(id);
    return { outcome: CONTINUE };
  }
}
