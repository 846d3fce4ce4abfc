// The countdown of an attempt. It uses the server's time and deadline, and announces the remaining minutes.

const ANNOUNCED_MINUTES = [30, 10, 5, 1];
const ANNOUNCED_FOR_SECONDS = 30;

export class Clock {
  #announced = new Set();
  #ticking = 0;
  #skew = 0;

  constructor({ timer, announce, words, onTimeOver, onLastMinute }) {
    Object.assign(this, { timer, announce, words, onTimeOver, onLastMinute });
  }

  /** Set the server's time and deadline (ISO 8601), and start the countdown. */
  follow(now, deadline) {
    this.#skew = Date.parse(now) - Date.now();
    if (!deadline) return;
    const ends = Date.parse(deadline);
    if (ends > this.deadline) this.announce.textContent = this.words.more;
    if (ends !== this.deadline) this.#announced.clear();
    this.deadline = ends;
    clearInterval(this.#ticking);
    this.#ticking = setInterval(() => this.#tick(), 1000);
    this.#tick();
  }

  get secondsLeft() {
    return Math.max(0, Math.floor((this.deadline - Date.now() - this.#skew) / 1000));
  }

  #tick() {
    const left = this.secondsLeft;
    const hours = Math.floor(left / 3600);
    const parts = [...(hours ? [hours] : []), Math.floor((left % 3600) / 60), left % 60];
    this.timer.textContent = parts.map((part) => String(part).padStart(2, "0")).join(":");
    this.timer.classList.toggle("short", left <= 60);
    for (const minute of ANNOUNCED_MINUTES) this.#announceAt(minute, left);
    if (left > 0) return;
    clearInterval(this.#ticking);
    this.onTimeOver();
  }

  #announceAt(minute, left) {
    if (left > minute * 60 || left <= minute * 60 - ANNOUNCED_FOR_SECONDS || this.#announced.has(minute)) return;
    this.#announced.add(minute);
    this.announce.textContent = `${minute} ${minute === 1 ? this.words.one : this.words.left}`;
    if (minute === 1) this.onLastMinute();
  }
}
