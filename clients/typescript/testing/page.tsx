// A page in the test: components on a fake server, in fake time.

import { act, type ReactNode, StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, vi } from "vitest";
import { defaultClient } from "../src/client.js";
import { configureIntraday } from "../src/hooks/useWebSocket.js";
import { FakeServer, pass } from "./server.js";

const REFUSED_FOR = 10_000; // milliseconds; as long as the client remembers of a room

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

/** A new one for each test of the file. */
export class Page {
  server = new FakeServer();
  element = document.createElement("div");
  #root: Root | undefined;

  get text(): string {
    return this.element.textContent;
  }

  /** Rendered as it is before anything has come. In strict mode: what mounts, mounts twice. */
  render(node: ReactNode): void {
    this.#root ??= createRoot(this.element);
    act(() => this.#root?.render(<StrictMode>{node}</StrictMode>));
  }

  async show(node: ReactNode): Promise<void> {
    this.render(node);
    await this.settled();
  }

  settled(milliseconds = 100): Promise<void> {
    return act(async () => {
      await pass(milliseconds);
    });
  }

  publish(event: string, data: object): Promise<void> {
    act(() => {
      this.server.publish(event, data);
    });
    return this.settled();
  }

  click(selector = "button"): Promise<void> {
    act(() => this.element.querySelector<HTMLElement>(selector)?.click());
    return this.settled();
  }

  unmount(): void {
    act(() => this.#root?.unmount());
    this.#root = undefined;
  }
}

export function pagePerTest(): () => Page {
  let page: Page;
  beforeEach(() => {
    if (!vi.isFakeTimers()) vi.useFakeTimers(); // time goes on from test to test, as for any page's one client
    vi.setSystemTime(new Date("2026-01-31T10:00:00Z"));
    page = new Page();
    configureIntraday({ url: "ws://server.test/ws" });
  });
  afterEach(async () => {
    page.unmount();
    await pass(0);
    defaultClient().close();
    await pass(REFUSED_FOR);
  });
  return () => page;
}
