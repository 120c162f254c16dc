import { Client, ProtocolError } from '@modelcontextprotocol/client';
import { onTestFinished } from 'vitest';
import { localFailure } from '../../../src/transport/fail-request.ts';
import type { ManagedTransport } from '../../../src/transport/managed-transport.ts';
import { rejectionOf } from '../../support/failures.ts';

export interface ConnectedClient {
  readonly client: Client;
  /** How many times the connection ended, by the client's account. */
  readonly closes: () => number;
  readonly errors: Error[];
  /** Resolves with the ends counted when the connection has ended. */
  readonly closed: Promise<void>;
}

/** Connects a real official client over `transport`, which ends with the test. */
export async function connectClient(
  transport: ManagedTransport,
  mode: 'auto' | 'legacy' = 'legacy',
): Promise<ConnectedClient> {
  onTestFinished(() => transport.destroy());
  const client = new Client({ name: 'tester', version: '1.0.0' }, { versionNegotiation: { mode } });
  const errors: Error[] = [];
  let closes = 0;
  let onClosed = (): void => {};
  const closed = new Promise<void>((resolve) => {
    onClosed = resolve;
  });
  client.onerror = (error) => errors.push(error);
  client.onclose = () => {
    closes++;
    onClosed();
  };
  await client.connect(transport);
  return { client, closes: () => closes, errors, closed };
}

/** What a promise rejected with; a request that the transport failed gives the transport's error. */
export async function failureOf(work: Promise<unknown>): Promise<Error> {
  const outcome = await rejectionOf(work);
  const local = outcome instanceof ProtocolError ? localFailure(outcome.data) : undefined;
  if (local !== undefined) return local;
  if (outcome instanceof Error) return outcome;
  throw new TypeError('rejected with something that is not an Error');
}
