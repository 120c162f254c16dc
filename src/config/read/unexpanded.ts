const known = new WeakMap<object, object>();

/** Notes the fields of a server as its file has them, with `${VAR}` in place of values. */
export function noteUnexpanded(server: object, fields: object): void {
  known.set(server, fields);
}

/** The fields of a server of a configuration as its file has them; undefined for any other object, such as a copy. */
export function unexpandedOf(server: object): object | undefined {
  return known.get(server);
}
