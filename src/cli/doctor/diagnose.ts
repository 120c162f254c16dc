import { connectFailure } from '../../errors/connect.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import type { Catalog } from '../../group/catalog/catalog.ts';
import type { GroupServerStatus } from '../../group/members/member.ts';
import type { Handlers } from '../../session/handlers/handlers.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { errorText } from '../errors/error-text.ts';
import { explainFailure, type Finding } from './explain-failure.ts';
import type { ConfiguredServer } from '../../config/config.ts';
import type { ServerSet } from '../servers/server-set.ts';

export interface Diagnosis {
  readonly server: string;
  /** Undefined when it could not be opened. */
  readonly status: GroupServerStatus | undefined;
  /** Its catalog, under the names that it has in a group. */
  readonly catalog?: Catalog | undefined;
  readonly findings: readonly Finding[];
  /** Why it could not be opened, or is left out. */
  readonly error: PlenumError | undefined;
}

interface Trial {
  readonly status: GroupServerStatus | undefined;
  readonly catalog: Catalog | undefined;
  readonly error: PlenumError | undefined;
  /** Problems that did not end the connection. */
  readonly problems: readonly PlenumError[];
}

interface DiagnoseOptions {
  readonly handlers: Handlers;
  readonly signal: AbortSignal;
  readonly options: ServerSet['options'];
  readonly inline: Invocation['inline'];
}

/** Opens one server alone and finds its problems. Rejects with `ABORTED` only. */
export async function diagnose(
  server: string,
  spec: ConfiguredServer,
  context: DiagnoseOptions,
): Promise<Diagnosis> {
  const { status, catalog, error, problems } = await tryOut(server, spec, context);
  if (error === undefined) {
    const findings = status === undefined ? [] : findingsOf(status, problems);
    return { server, status, catalog, findings, error };
  }
  const finding =
    (await otherEra(server, spec, error, context)) ??
    (await explainFailure(spec, error, problems, context.inline));
  return { server, status, catalog, findings: [finding], error };
}

async function tryOut(
  server: string,
  spec: ConfiguredServer,
  { handlers, signal, options }: DiagnoseOptions,
): Promise<Trial> {
  const { SessionGroup } = await import('../../group/session-group.ts');
  const group = new SessionGroup({ ...options, ...handlers });
  const problems: PlenumError[] = [];
  const events = group.events();
  const listening = (async () => {
    for await (const event of events) if (event.type === 'problem') problems.push(event.error);
  })();
  try {
    await group.add(server, { ...spec, reconnect: false, lazy: false }, { signal });
    return { status: group.servers.get(server), catalog: group.catalog, error: undefined, problems };
  } catch (thrown) {
    const error = connectFailure(server, thrown);
    if (error.code === 'ABORTED') throw error;
    return { status: undefined, catalog: undefined, error, problems };
  } finally {
    await (signal.aborted ? group.destroy(signal.reason) : group.close());
    await listening;
  }
}

/** The findings about a server that could be opened. */
function findingsOf(
  { listErrors, collisions }: GroupServerStatus,
  problems: readonly PlenumError[],
): Finding[] {
  const ofLists = new Set(Object.values(listErrors));
  const wrong = problems.filter((problem) => problem.code === 'INVALID_RESULT' && !ofLists.has(problem));
  // What was tolerated has data.
  const [noise] = wrong.filter(({ data }) => data === undefined);
  const odd = wrong.filter(({ data }) => data !== undefined);
  return [
    ...Object.entries(listErrors).map(([kind, error]) => ({
      level: 'error' as const,
      code: 'list-failed' as const,
      message: errorText(error),
      advice: `Its ${kind} are missing. Look at its log with --verbose, or report it to its author.`,
    })),
    ...(noise === undefined
      ? []
      : [
          {
            level: 'warning' as const,
            code: 'noisy-stdout' as const,
            message: noise.message,
            advice: 'Standard output is for messages only: the server should log to standard error.',
          },
        ]),
    ...odd.map((error) => ({
      level: 'warning' as const,
      code: 'odd-answer' as const,
      message: error.message,
      advice: 'It was tolerated. Tell its author; "checks": "strict" makes it an error.',
    })),
    ...collisions.map(({ kind, key, owner }) => ({
      level: 'warning' as const,
      code: 'name-collision' as const,
      message: `It lists "${key}" among its ${kind}, a name that "${owner}" has already.`,
      advice: 'Use the naming "prefixed".',
    })),
  ];
}

/** When "protocol" allows only one era, tries whether the server answers in the other. */
async function otherEra(
  server: string,
  spec: ConfiguredServer,
  error: PlenumError,
  context: DiagnoseOptions,
): Promise<Finding | undefined> {
  const protocol = spec.protocol ?? context.options.protocol ?? 'auto';
  if (protocol === 'auto' || error.code !== 'CONNECT_FAILED') return undefined;
  const { status } = await tryOut(server, { ...spec, protocol: 'auto' }, context);
  if (status?.era === undefined) return undefined;
  return {
    level: 'error',
    code: 'other-era',
    message: `It answers in the ${status.era} era (${status.protocolVersion}), and "protocol" is "${protocol}". ${errorText(error, context.inline)}`,
    advice: 'Leave "protocol" out, or set it to "auto".',
  };
}
