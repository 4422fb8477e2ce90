// A mistake of ours shall not leave a white page, least of all on a wall.

import { Component, type ReactNode } from "react";

const RELOAD_AFTER_MS = 30_000;

export class Crash extends Component<{ reloads: boolean; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError = (): { failed: boolean } => ({ failed: true });

  override componentDidCatch(): void {
    if (this.props.reloads) setTimeout(() => location.reload(), RELOAD_AFTER_MS);
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main className="crash" role="alert">
        <h1>This page has failed</h1>
        <p>
          That is our mistake; the figures themselves are safe.{" "}
          {this.props.reloads && "It loads itself anew in half a minute."}
        </p>
        <button type="button" className="primary" onClick={() => location.reload()}>
          Load it anew
        </button>
      </main>
    );
  }
}
