/** The last login begun or waiting, by issuer. */
const tails = new Map<string, Promise<unknown>>();

/**
 * Runs `login` when no other login at this authorization server is under way in this process: a person can look at
 * one page at a time, and the second login often needs none.
 */
export async function inLoginQueue<T>(issuer: string, login: () => Promise<T>): Promise<T> {
  const before = tails.get(issuer);
  const mine = (async () => {
    await before?.catch(() => {}); // Whose failure it is has been told.
    return login();
  })();
  tails.set(issuer, mine);
  try {
    return await mine;
  } finally {
    if (tails.get(issuer) === mine) tails.delete(issuer);
  }
}
