// The story of a day, all pages of it; the day that goes on is asked again.

import { type Rest, withQuery } from "../session/rest.js";
import type { Scope } from "../session/payloads.js";
import { type Asked, useRounds } from "../session/useRounds.js";
import type { Story } from "./story.js";

const STORY = "/api/intraday/story";
const LIMIT = 500;
const MOST_PAGES = 10;
const EVERY_SECONDS = 60;

/** `next` of the story is null unless there is more than a page can show. */
export function useStory(scope: Scope, day: string, goesOn: boolean): Asked<Story> {
  const question = withQuery(STORY, { ...scope, day, limit: LIMIT });
  return useRounds(question, question, whole, { everySeconds: goesOn ? EVERY_SECONDS : undefined });
}

async function whole(rest: Rest, question: string, isCurrent: () => boolean): Promise<Story> {
  const story = await rest.get<Story>(question);
  for (let page = 1; story.next !== null && page < MOST_PAGES && isCurrent(); page++) {
    const more: Story = await rest.get<Story>(`${question}&cursor=${encodeURIComponent(story.next)}`);
    story.items.push(...more.items);
    story.next = more.next;
  }
  return story;
}
