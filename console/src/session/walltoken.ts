// The token of a wall board's page, which its secret address gives out for a quarter of an hour.

import { reached } from "./rest.js";

interface Answer {
  token: string;
  expires_at: string;
  version: string;
}

const SPARE_MS = 60_000;

export class WallToken {
  #known: Promise<Answer> | undefined;
  #expiresAt = 0;

  constructor(private readonly url: string) {}

  /** Of the answer at hand, while it holds. */
  get = async (): Promise<string> => {
    if (!this.#known || Date.now() > this.#expiresAt - SPARE_MS) return (await this.fresh()).token;
    return (await this.#known).token;
  };

  fresh = async (): Promise<Answer> => {
    const asked = (this.#known = this.#ask());
    asked.catch(() => {
      if (this.#known === asked) this.#known = undefined;
    });
    const answer = await asked;
    this.#expiresAt = Date.parse(answer.expires_at);
    return answer;
  };

  async #ask(): Promise<Answer> {
    const response = await reached(this.url, {});
    if (!response.ok) throw new Error(`The link answers ${response.status}.`);
    return (await response.json()) as Answer;
  }
}
