import { createIntraday, type Selection } from "intraday-realtime";
import { onScopeDispose, shallowRef } from "vue";

const intraday = createIntraday();

export function useBacklog(selection: Selection) {
  const view = intraday.figures("backlog", selection);
  const state = shallowRef(view.getState());
  onScopeDispose(view.subscribe((now) => (state.value = now)));
  return state;
}
