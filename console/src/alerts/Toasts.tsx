// Notices of alerts that were raised while one looks: grouped, few, gone by themselves.

import { Icon } from "../kit/Icon.js";
import { scopeName, useSession } from "../session/session.js";
import type { Toast } from "./toasts.js";

interface Props {
  toasts: readonly Toast[];
  onDismiss: (toast: Toast) => void;
  onShow: () => void;
}

export function Toasts({ toasts, onDismiss, onShow }: Props) {
  const { organization } = useSession();
  return (
    <div className="toasts" role="status" aria-label="New alerts">
      <ol>
        {toasts.map((toast) => (
          <li key={toast.id} data-severity={toast.alert.severity}>
            <span className="severity">
              <Icon name={toast.alert.severity} />
              {toast.alert.severity}
            </span>
            <p>
              <strong>{scopeName(toast.alert, organization)}</strong> {toast.alert.message}
              {toast.count > 1 && <small> and {toast.count - 1} more like it</small>}
            </p>
            <button type="button" onClick={onShow}>
              Show
            </button>
            <button type="button" className="quiet" aria-label="Dismiss" onClick={() => onDismiss(toast)}>
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}
