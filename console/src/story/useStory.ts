// The story of a day, all pages of it; the day that goes on is asked again.

import { useEffect, useState } from "react";

import { RestError, withQuery } from "../session/rest.js";
import type { Scope } from "../session/payloads.js";
import { useSession } from "../session/session.js";
import type { Story } from "./story.js";

const STORY = "/api/intraday/story";
const LIMIT = 500;
const MOST_PAGES = 10;
const EVERY_SECONDS = 60;

interface Asked {
  story: Story | undefined;
  error: RestError | undefined;
}

/** `next` of the story is null unless there is more than a page can show. */
export function useStory(scope: Scope, day: string, goesOn: boolean): Asked {
  const { rest } = useSession();
  const question = withQuery(STORY, { ...scope, day, limit: LIMIT });
  const [asked, setAsked] = useState<Asked & { question: string }>({ question, story: undefined, error: undefined });
  useEffect(() => {
    let current = true;
    const whole = async () => {
      const story = await rest.get<Story>(question);
      for (let page = 1; story.next !== null && page < MOST_PAGES && current; page++) {
        const more: Story = await rest.get<Story>(`${question}&cursor=${encodeURIComponent(story.next)}`);
        story.items.push(...more.items);
        story.next = more.next;
      }
      return story;
    };
    const ask = () =>
      whole().then(
        (story) => current && setAsked({ question, story, error: undefined }),
        (error: unknown) => {
          if (!(error instanceof RestError)) throw error;
          if (current)
            setAsked((before) => ({ question, story: before.question === question ? before.story : undefined, error }));
        },
      );
    void ask();
    const timer = goesOn ? setInterval(() => void ask(), EVERY_SECONDS * 1_000) : undefined;
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [rest, question, goesOn]);
  return asked.question === question ? asked : { story: undefined, error: undefined };
}
