// What a section shows, kept in the address: `#/functions?f=sigmoid,tanh`, so that a view can be sent to someone.

/** The section and its values that an address names. */
export function parse(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  return { section: path, values: Object.fromEntries(new URLSearchParams(query)) };
}

/** The address of a section with these values. */
export function address(section, values) {
  const query = new URLSearchParams(values).toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return `#/${section}${query && `?${query}`}`;
}

/** The values of one section. What equals its default is left out of the address. */
export class State {
  #listeners = [];

  constructor(section, values) {
    this.section = section;
    this.values = values;
  }

  /** The value of this name, or the fallback. */
  get(name, fallback = "") {
    return this.values[name] ?? fallback;
  }

  /** The number of this name, or the fallback if there is none. */
  number(name, fallback) {
    const value = this.values[name];
    return value === undefined || value === "" || Number.isNaN(Number(value)) ? fallback : Number(value);
  }

  /** Writes values; those that are null or equal their default in `defaults` are taken out. */
  write(patch, defaults = {}) {
    for (const [name, value] of Object.entries(patch)) {
      if (value === null || String(value) === String(defaults[name] ?? "")) delete this.values[name];
      else this.values[name] = String(value);
    }
    history.replaceState(null, "", address(this.section, this.values));
    document.dispatchEvent(new CustomEvent("actiscope:state", { detail: this }));
  }

  /** Calls back when the address was changed by somebody else: a link, the back button. */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  /** Takes over the values of an address. */
  take(values) {
    if (JSON.stringify(values) === JSON.stringify(this.values)) return;
    this.values = values;
    for (const listener of this.#listeners) listener(this);
  }
}
