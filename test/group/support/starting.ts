import { fixture } from '../../support/fixtures.ts';

/** Servers that come up only when so many of them are coming up at once. */
export function starting(
  count: number,
  ledger: string,
  together: number,
): Record<string, ReturnType<typeof fixture>> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, nr) => [
      `s${nr}`,
      fixture('group-starting.mjs', ledger, String(together), '50', `t${nr}`),
    ]),
  );
}
