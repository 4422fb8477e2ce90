import { act, type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

export interface Rendered {
  readonly text: string;
  readonly element: HTMLElement;
  rerender(node: ReactNode): void;
  unmount(): void;
}

/** In strict mode: what mounts, mounts twice. */
export function render(node: ReactNode): Rendered {
  const element = document.body.appendChild(document.createElement("div"));
  const root = createRoot(element);
  const rerender = (next: ReactNode): void => act(() => root.render(<StrictMode>{next}</StrictMode>));
  rerender(node);
  return {
    element,
    get text() {
      return element.textContent;
    },
    rerender,
    unmount: () => act(() => root.unmount()),
  };
}
