import type { ByStream } from "../protocol/positions.js";

/** The messages that the client sent. */
export interface Sent {
  event: string;
  data: { rooms?: string[]; since?: ByStream; [name: string]: unknown };
  id?: string;
}

const OPEN = 1;
const CLOSED = 3;

/** The server's end of one connection. */
export class FakeSocket {
  readyState = 0;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: Sent[] = [];
  readonly rooms = new Set<string>();

  constructor(
    readonly url: string,
    private answer: (message: Sent) => void,
  ) {}

  open(): void {
    if (this.readyState !== 0) return;
    this.readyState = OPEN;
    this.say("welcome", { connection_id: "c1", protocol: "intraday", version: 1, heartbeat_seconds: 20 });
  }

  send(text: string): void {
    const message = JSON.parse(text) as Sent;
    this.sent.push(message);
    queueMicrotask(() => this.answer(message));
  }

  close(): void {
    this.readyState = CLOSED;
  }

  /** The server, or the network, ends it. */
  end(code: number, reason = ""): void {
    this.readyState = CLOSED;
    this.onclose?.({ code, reason });
  }

  say(event: string, data: object, more: object = {}): void {
    this.hear({ event, data, ...more });
  }

  hear(message: object): void {
    if (this.readyState === OPEN) this.onmessage?.({ data: JSON.stringify(message) });
  }

  asked(event: string): Sent[] {
    return this.sent.filter((message) => message.event === event);
  }
}
