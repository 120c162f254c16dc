import { Turns } from '../../internal/turns.ts';

const logins = new Turns();

/**
 * Runs `login` when no other login at this authorization server is under way in this process: a person can look at
 * one page at a time, and the second login often needs none.
 */
export function inLoginQueue<T>(issuer: string, login: () => Promise<T>): Promise<T> {
  return logins.take(issuer, login);
}
