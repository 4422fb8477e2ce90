// The token of a wall board's page, which its secret address gives out for a quarter of an hour.

import { SignedOutError } from "intraday-realtime";
import { reached } from "./rest.js";

interface Answer {
  token: string;
  expires_at: string;
  version: string;
}

const KEPT_MS = 10 * 60_000;
const GONE = 404;

export class WallToken {
  #known: Promise<Answer> | undefined;
  #age = age();

  constructor(private readonly url: string) {}

  /** Of the answer at hand, while it holds. Clocks may be set, and stand still in a machine's sleep: both count. */
  get = async (): Promise<string> => {
    if (!this.#known || this.#age() > KEPT_MS) return this.renewed();
    return (await this.#known).token;
  };

  /** For a socket, which asks for another one where it was refused. */
  renewed = async (): Promise<string> => (await this.fresh()).token;

  fresh = async (): Promise<Answer> => {
    const asked = (this.#known = this.#ask());
    this.#age = age();
    asked.catch(() => {
      if (this.#known === asked) this.#known = undefined;
    });
    return await asked;
  };

  async #ask(): Promise<Answer> {
    const response = await reached(this.url, { credentials: "omit" });
    if (response.status === GONE) throw new SignedOutError("The link was revoked.");
    if (!response.ok) throw new Error(`The link answers ${response.status}.`);
    return (await response.json()) as Answer;
  }
}

/** Milliseconds since now, by the clock that says more. */
function age(): () => number {
  const [wall, steady] = [Date.now(), performance.now()];
  return () => Math.max(Math.abs(Date.now() - wall), performance.now() - steady);
}
