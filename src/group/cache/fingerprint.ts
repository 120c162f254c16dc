import { createHash } from 'node:crypto';
import { canonicalJson } from '../../internal/canonical-json.ts';

/** Fields of a spec that make no difference to what the server offers. A field that is not known makes one. */
const IRRELEVANT: ReadonlySet<string> = new Set([
  'name',
  'timeoutMs',
  'connectTimeoutMs',
  'openTimeoutMs',
  'readTimeoutMs',
  'proxy',
  'closeGraceMs',
  'terminateGraceMs',
  'terminateSession',
  'maxMessageBytes',
  'maxWaitingCalls',
  'maxInputRounds',
  'maxPages',
  'reconnect',
  'health',
  'lazy',
  'naming',
  'allow',
  'deny',
  'stderr',
  'encodingErrors',
]);

/**
 * Tells specs apart by all that may make their servers list other things, environment and headers included: another
 * account has another catalog. One way, so that no secret can be read from it. What is no data, such as a function or an
 * auth provider, counts as the server's name alone.
 */
export function fingerprintOf(server: string, spec: object, capabilities: object): string {
  const relevant = Object.entries(spec).filter(([key]) => !IRRELEVANT.has(key));
  const text = canonicalJson(
    { spec: Object.fromEntries(relevant), capabilities },
    () => `<object of ${JSON.stringify(server)}>`,
  );
  return createHash('sha256').update(text).digest('hex');
}
