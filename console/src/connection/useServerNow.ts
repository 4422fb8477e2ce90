// The time as the server counts it, where the page is connected to it.

import { useConnectionStatus } from "intraday-realtime/hooks/useWebSocket";
import { useNow } from "../kit/browser.js";

/** Moves in steps of this length. */
export const useServerNow = (stepMs?: number): number => useNow(stepMs) + useConnectionStatus().clockOffset;
