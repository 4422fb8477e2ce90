import { SignedOutError } from "./config.js";
import { fullJitter, Timer } from "./timing.js";
import type { Authenticate, Authenticated } from "./protocol/types.js";

const REFRESH_AT = 0.75; // of a token's life: late timers of a background tab are still in time
const REFRESH_SOONEST = 1_000;
const AGAIN_AFTER = 10_000; // for a refresh that failed, at most; then twice as long, and so on
const AGAIN_LONGEST = 60_000;
const REFUSALS = 3; // in a row, of connections; one stale token is no reason to stop

export interface SignInOwner {
  /** Return the credentials for `authenticate`; called anew for each connection and each refresh. */
  credentials(): Authenticate | Promise<Authenticate>;
  /** Whether other credentials can be had in place of those that were refused. */
  readonly renewable: boolean;
}

/** Which credentials were sent, whether they count, and when new ones are due. */
export class SignIn {
  signedIn = false;
  #request = "";
  #requests = 0;
  #expiresAt = Infinity; // milliseconds of the server's clock
  #refusals = 0;
  #failures = 0;
  #refresh = new Timer();

  constructor(
    private owner: SignInOwner,
    private link: { send(data: Authenticate, id: string): void; serverNow(): number },
  ) {}

  /** Resolves once they are sent; rejects where there are none. An answer for an older connection is dropped. */
  async begin(): Promise<void> {
    const id = (this.#request = `authenticate-${++this.#requests}`);
    const credentials = await this.owner.credentials();
    if (id === this.#request) this.link.send(credentials, id);
  }

  /** A session is signed in without being asked. A page that brings a token waits for the answer to it. */
  isOurs(id: unknown): boolean {
    return id === this.#request || (id === undefined && !this.owner.renewable);
  }

  isRefusal(id: unknown): boolean {
    return id === this.#request && this.#request !== "";
  }

  /** Returns whether it is the first time on this connection. */
  accept({ expires_at }: Authenticated): boolean {
    const first = !this.signedIn;
    this.signedIn = true;
    this.#failures = 0;
    this.#expiresAt = expires_at === null ? Infinity : Date.parse(expires_at);
    this.planRefresh();
    return first;
  }

  planRefresh(): void {
    if (!this.signedIn || this.#expiresAt === Infinity) return this.#refresh.stop();
    const left = this.#expiresAt - this.link.serverNow();
    this.#refresh.start(Math.max(REFRESH_SOONEST, left * REFRESH_AT), this.#refreshNow);
  }

  /** The connection stays as long as its credentials hold: new ones are asked for again, ever more rarely. */
  tryAgain(): void {
    const wait = AGAIN_AFTER / 2 + fullJitter(this.#failures, AGAIN_AFTER / 2, AGAIN_LONGEST);
    this.#failures += 1;
    this.#refresh.start(wait, this.#refreshNow);
  }

  /** The connection was closed for its credentials. Returns whether others may do. */
  mayRetry(): boolean {
    this.#refusals += 1;
    return this.owner.renewable && this.#refusals < REFUSALS;
  }

  /** A connection has lasted. */
  settled(): void {
    this.#refusals = 0;
  }

  drop(): void {
    this.signedIn = false;
    this.#request = "";
    this.#failures = 0;
    this.#refresh.stop();
  }

  #refreshNow = (): void => {
    const failed = (error: unknown): void => {
      if (!(error instanceof SignedOutError)) this.tryAgain(); // else the connection ends with its credentials
    };
    const request = this.begin();
    const id = this.#request;
    request.catch((error: unknown) => id === this.#request && failed(error));
  };
}
