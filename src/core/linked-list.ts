/** An object that can be in one list. Set by the list. */
export interface Linked<T> {
  before: T | undefined;
  after: T | undefined;
}

/**
 * Objects in the order in which they were added, for what lives as short as a call. V8's sets and maps start a new table
 * every few changes, and each old table refers to the next: once a young collection has met a call in progress, it would
 * take all later calls for alive too, and copy them. An object that has left this list refers to no other.
 */
export class LinkedList<T extends Linked<T>> {
  first: T | undefined;
  last: T | undefined;

  add(object: T): void {
    const { last } = this;
    object.before = last;
    if (last) last.after = object;
    else this.first = object;
    this.last = object;
  }

  /** Does nothing for an object that has left the list. */
  remove(object: T): void {
    const { before, after } = object;
    if (before) before.after = after;
    else if (this.first === object) this.first = after;
    else return;
    if (after) after.before = before;
    else this.last = before;
    object.before = undefined;
    object.after = undefined;
  }

  /** A copy, for loops that may remove objects. */
  toArray(): T[] {
    const objects: T[] = [];
    for (let object = this.first; object; object = object.after) objects.push(object);
    return objects;
  }
}
