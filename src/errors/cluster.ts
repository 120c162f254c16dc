import { PlenumError } from './plenum-error.ts';

/** The value of an option of `cluster` cannot be used; `what` goes on from its name. */
export function clusterOptionUnusable(option: string, what: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', `Option "cluster.${option}" ${what}.`, {
    data: { option: `cluster.${option}` },
  });
}

/** The package `redis`, which only a cluster needs, is not installed. */
export function redisNotInstalled(error: unknown): PlenumError<'CONFIG_INVALID'> {
  const summary =
    'Option "cluster" needs the package "redis", which is not installed. Install it with: npm install redis';
  return new PlenumError('CONFIG_INVALID', summary, { data: { option: 'cluster' }, cause: error });
}

/** Redis could not be reached when the gateway was made. `why` is a clause; there is no cause, as it might hold the URL. */
export function redisUnreachable(address: string, why: string): PlenumError<'CONNECT_FAILED'> {
  return new PlenumError('CONNECT_FAILED', `Connecting to Redis at ${address} failed: ${why}.`);
}

/** Redis was reached, and cannot be reached now. The node goes on alone until it can. */
export function redisLost(address: string, why: string): PlenumError<'CONNECTION_LOST'> {
  const summary = `The connection to Redis at ${address} was lost: ${why}. The node goes on alone, and tries again.`;
  return new PlenumError('CONNECTION_LOST', summary);
}

/** What needed Redis failed, as there was no connection or no answer in time. */
export function redisNotAnswering(maybeExecuted: boolean): PlenumError<'CONNECTION_LOST'> {
  const summary = 'Redis, which the nodes of the gateway share, does not answer.';
  return new PlenumError('CONNECTION_LOST', summary, { maybeExecuted });
}

/** Redis refused a command; `code` is the first word of its answer. */
export function redisRefused(code: string): PlenumError<'PROTOCOL'> {
  return new PlenumError('PROTOCOL', `Redis refused a command of the gateway (${code}).`);
}

/** A node of this id is alive. */
export function nodeIdTaken(id: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `There is a node "${id}" in the cluster already, and it is alive.`;
  return new PlenumError('CONFIG_INVALID', summary, {
    data: { option: 'cluster.nodeId' },
    advice: [{ do: 'set', option: 'cluster.nodeId', value: 'another name' }],
  });
}

/** Under this prefix are the keys of nodes that have none of our secrets. */
export function clusterIsForeign(prefix: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `Nodes with other secrets use the prefix "${prefix}" on this Redis.`;
  return new PlenumError('CONFIG_INVALID', summary, {
    data: { option: 'cluster.prefix' },
    advice: [
      { do: 'set', option: 'cluster.prefix', value: 'another one, or give the secrets of these nodes' },
    ],
  });
}

/** A node did not accept a call in time, and cannot any more. */
export function nodeSilent(node: string, timeoutMs: number): PlenumError<'TIMEOUT'> {
  const summary = `Node "${node}", which has the server, did not accept the call within ${timeoutMs} ms.`;
  return new PlenumError('TIMEOUT', summary, { maybeExecuted: false, data: { timeoutMs } });
}

/** A node died, or lost its connection to Redis and with it perhaps the answer. */
export function nodeGone(node: string, maybeExecuted: boolean): PlenumError<'CONNECTION_LOST'> {
  const summary = `Node "${node}", which has the server, is gone, or its answer was lost.`;
  return new PlenumError('CONNECTION_LOST', summary, { maybeExecuted });
}

/** The called node does not have what the call needs any more, or the caller has given the call up. */
export function callGivenUp(): PlenumError<'NOT_CONNECTED'> {
  const summary = 'The call was given up: another node has the server now.';
  return new PlenumError('NOT_CONNECTED', summary, { maybeExecuted: false });
}

export function tooLongForNodes(): PlenumError<'INVALID_ARGUMENTS'> {
  const summary = 'The call is too long to be handed on to the node that has the server.';
  return new PlenumError('INVALID_ARGUMENTS', summary, { maybeExecuted: false });
}

/** This node was silent for so long that another one has a server that it had. */
export function serverTaken(server: string): PlenumError<'CONNECTION_LOST'> {
  const summary = `Another node has server "${server}" now: the session with it was ended.`;
  return new PlenumError('CONNECTION_LOST', summary, { server, maybeExecuted: true });
}
