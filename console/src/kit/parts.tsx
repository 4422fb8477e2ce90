// Small pieces that several panels are made of.

import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";

import { Icon } from "./Icon.js";
import { DASH } from "./words.js";

/** A figure in words, or a dash that says why there is none. */
export function Value({ text, reason }: { text: string; reason?: string | undefined }) {
  if (!text.startsWith(DASH)) return <>{text}</>;
  return (
    <abbr
      className="unknown"
      tabIndex={0}
      title={reason ?? "not known yet"}
      aria-label={`unknown: ${reason ?? "not known yet"}`}
    >
      {DASH}
    </abbr>
  );
}

export function Panel({
  title,
  aside,
  children,
  className = "",
  id,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
  id?: string;
}) {
  const heading = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={heading} id={id}>
      <header className="panel-head">
        <h2 id={heading}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** A button that opens a small box beside it; Escape and a click elsewhere close it. */
export function Popover({
  label,
  button,
  children,
  className = "",
}: {
  label: string;
  button: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    document.addEventListener("focusin", away);
    return () => {
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("focusin", away);
    };
  }, [open]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !open) return;
    event.stopPropagation();
    setOpen(false);
    box.current?.querySelector("button")?.focus();
  };
  return (
    <div className="popover" ref={box} onKeyDown={onKeyDown}>
      <button
        type="button"
        className={className}
        aria-label={label}
        title={label}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        {button}
      </button>
      {open && (
        <div className="popover-box" id={id} role="group" aria-label={label}>
          {children}
        </div>
      )}
    </div>
  );
}

const ROOM_BESIDE = "(min-width: 1100px)";

interface DrawerProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** On wide screens the page stays usable and whole beside it. */
  beside?: boolean;
}

/** A panel at the side; the focus goes into it, and back where it was. */
export function Drawer({ title, onClose, children, beside = false }: DrawerProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const before = useRef<Element | null>(null);
  const heading = useId();
  useEffect(() => {
    const shown = dialog.current;
    if (shown && !shown.open) {
      before.current = document.activeElement;
      if (beside && matchMedia(ROOM_BESIDE).matches) shown.show();
      else shown.showModal();
    }
    return () => {
      shown?.close();
      if (before.current instanceof HTMLElement) before.current.focus();
    };
  }, [beside]);
  useEffect(() => {
    const active = document.activeElement;
    if (dialog.current?.contains(active)) return;
    before.current = active; // another row was opened beside it
    dialog.current?.querySelector("button")?.focus();
  }, [title]);
  useEffect(() => {
    const onKeyDown = ({ key, defaultPrevented }: globalThis.KeyboardEvent) => {
      if (key === "Escape" && !defaultPrevented && !dialog.current?.matches(":modal")) onClose();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [onClose]);
  return (
    <dialog
      ref={dialog}
      className="drawer"
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && dialog.current.matches(":modal") && onClose()}
    >
      <div className="drawer-body">
        <div className="drawer-head">
          <h2 id={heading}>{title}</h2>
          <button type="button" className="quiet" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}

/** Why something could not be read. Not announced: nobody asked just now, and the next round may mend it. */
export function Unread({ text }: { text: string }) {
  return text ? <p className="problem">{text}</p> : null;
}

/** An error about an action of the person. */
export function Problem({ text }: { text: string }) {
  return text ? (
    <p className="problem" role="alert">
      {text}
    </p>
  ) : null;
}
