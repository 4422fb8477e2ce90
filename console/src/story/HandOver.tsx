// The summary of the day for those who take over, to copy or to print.

import { useEffect } from "react";

import { Copy } from "../kit/Copy.js";
import { Panel } from "../kit/parts.js";
import { asOf, asText, sections } from "./handover.js";
import type { Story } from "./story.js";

export function HandOver({ story, name }: { story: Story; name: string }) {
  useLightPrints();
  if (!story.summary) return null;
  return (
    <Panel
      title={`Hand-over${asOf(story)}`}
      className="hand-over"
      aside={
        <span className="no-print">
          <Copy text={asText(story, name)} />
          <button type="button" onClick={() => window.print()}>
            Print
          </button>
        </span>
      }
    >
      <div className="hand-over-sections">
        {sections(story.summary, story.time_zone).map(({ title, lines }) => (
          <section key={title}>
            <h3>{title}</h3>
            <ul>
              {lines.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Panel>
  );
}

/** Curves are drawn in the colours of the page: on paper they are those of the light one. */
function useLightPrints(): void {
  useEffect(() => {
    const { dataset } = document.documentElement;
    let before: string | undefined;
    const begin = () => {
      before = dataset.theme;
      dataset.theme = "light";
    };
    const end = () => {
      if (before === undefined) delete dataset.theme;
      else dataset.theme = before;
    };
    addEventListener("beforeprint", begin);
    addEventListener("afterprint", end);
    return () => {
      removeEventListener("beforeprint", begin);
      removeEventListener("afterprint", end);
    };
  }, []);
}
