const BYTES = 48 * 1024; // the server takes 64 KB, and a message holds more than its rooms
const ROOMS = 1_000;
const encoder = new TextEncoder();

/** The rooms, in lists that each fit into one message. */
export function inMessages(rooms: readonly string[]): string[][] {
  const lists: string[][] = [];
  let left = 0;
  for (const room of rooms) {
    const size = encoder.encode(JSON.stringify(room)).length + 1;
    const last = lists.at(-1);
    if (last && size <= left && last.length < ROOMS) last.push(room);
    else lists.push([room]);
    left = (last && lists.at(-1) === last ? left : BYTES) - size;
  }
  return lists;
}
