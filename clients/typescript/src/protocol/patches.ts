import { isUpdate, type LogMessage, merged } from "./messages.js";
import { type Scope, scopeKey } from "./rooms.js";

/** The newest whole payload per scope, to which a patch (`base` is the seq of what it changes) is applied. */
export class Patches {
  #newest = new Map<string, Map<string, LogMessage>>(); // stream -> event and scope -> message

  /** The message with its whole payload; undefined where its base is not at hand. */
  whole(message: LogMessage): LogMessage | undefined {
    const newest = this.#of(message.stream);
    if (message.base === undefined) {
      this.#keep(newest, message);
      return message;
    }
    const base = [...newest.values()].find((each) => each.seq === message.base && each.epoch === message.epoch);
    if (!base) return undefined;
    const whole = { ...message, data: merged(base.data, message.data) };
    this.#keep(newest, whole);
    return whole;
  }

  clear(): void {
    this.#newest.clear();
  }

  #keep(newest: Map<string, LogMessage>, message: LogMessage): void {
    if (isUpdate(message)) newest.set(message.event + scopeKey(message.data as Scope), message);
  }

  #of(stream: string): Map<string, LogMessage> {
    const found = this.#newest.get(stream) ?? new Map<string, LogMessage>();
    this.#newest.set(stream, found);
    return found;
  }
}
