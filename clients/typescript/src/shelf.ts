/** Keeps one object per key, for as long as somebody else holds it. */
export class Shelf {
  #kept = new Map<string, WeakRef<object>>();
  #freed = new FinalizationRegistry<string>((key) => {
    if (!this.#kept.get(key)?.deref()) this.#kept.delete(key);
  });

  get size(): number {
    return this.#kept.size;
  }

  /** The same object for the same key. */
  of<V extends object>(key: string, make: () => V): V {
    const kept = this.#kept.get(key)?.deref() as V | undefined;
    if (kept) return kept;
    const made = make();
    this.#kept.set(key, new WeakRef(made));
    this.#freed.register(made, key);
    return made;
  }
}
